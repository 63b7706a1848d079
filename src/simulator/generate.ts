/**
 * Invented people for a tenant: Chinese and English names, phones written in several ways, some blanks.
 * Deterministic: the same seed gives the same people, and n people are the first n of any larger number.
 * No phone (by its digits) and no e-mail is given twice. Addresses are in domains that nobody can own.
 */
import type { CustomerSeed } from './customer.ts';
import { AGENTS, GROUPS, ORGANIZATIONS } from './directory.ts';
import { type Random, seededRandom } from './random.ts';

const SURNAMES = [
  ['王', 'wang'],
  ['李', 'li'],
  ['张', 'zhang'],
  ['刘', 'liu'],
  ['陈', 'chen'],
  ['杨', 'yang'],
  ['赵', 'zhao'],
  ['黄', 'huang'],
  ['周', 'zhou'],
  ['吴', 'wu'],
  ['徐', 'xu'],
  ['孙', 'sun'],
  ['欧阳', 'ouyang'],
] as const;
const GIVEN = [
  ['伟', 'wei'],
  ['芳', 'fang'],
  ['娜', 'na'],
  ['秀英', 'xiuying'],
  ['敏', 'min'],
  ['静', 'jing'],
  ['强', 'qiang'],
  ['磊', 'lei'],
  ['洋', 'yang'],
  ['建国', 'jianguo'],
  ['晓明', 'xiaoming'],
  ['婷婷', 'tingting'],
  ['子涵', 'zihan'],
] as const;
const FIRST_NAMES = [
  'James',
  'Mary',
  'Olivia',
  'Liam',
  'Zoë',
  'Noah',
  'Ava',
  'Peter',
  'Anna',
  'Jürgen',
] as const;
const LAST_NAMES = [
  'Smith',
  'Miller',
  "O'Brien",
  'Garcia',
  'Nguyen',
  'Larsson',
  'Brown',
  'Lee',
  'Meyer-Lang',
] as const;
const DOMAINS = ['mail.example.com', 'example.org', 'corp.example.net', 'qq.example', '163.example'] as const;
const INDUSTRIES = ['教育', '零售', '制造', '金融', '医疗', '物流', 'SaaS', 'Retail'] as const;
const TAGS = ['重点', '试用', '续费', '投诉', '渠道', '展会', '老客户', 'trial', 'partner'] as const;
const PREFIXES = ['130', '135', '136', '138', '139', '150', '158', '176', '186', '188', '199'] as const;
const DESCRIPTIONS = [
  '需要回访',
  '通过展会认识',
  '报价已发送',
  'asked for a demo',
  '偏好微信联系\n周末勿扰',
  ' ',
] as const;

export function generateCustomers(seed: number | string, count: number): CustomerSeed[] {
  const random = seededRandom(`customers:${seed}`);
  const used = { phones: new Set<string>(), emails: new Set<string>() };
  return Array.from({ length: count }, () => generateCustomer(random, used));
}

interface Used {
  readonly phones: Set<string>;
  readonly emails: Set<string>;
}

function generateCustomer(random: Random, used: Used): CustomerSeed {
  const { name, latin } = person(random);
  const emailCount = random.pick([0, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
  const phoneCount = random.pick([0, 1, 1, 1, 1, 1, 1, 1, 2, 3]);
  const emails = Array.from({ length: emailCount }, () => email(random, latin, used));
  const phones = Array.from({ length: phoneCount }, () => phone(random, used));
  const [primary, ...others] = emails;
  return {
    nick_name: random.chance(0.02) ? ` ${name} ` : name,
    email: primary ?? null,
    other_emails: others,
    cellphones: phones,
    level: random.chance(0.15) ? 'vip' : 'normal',
    description: random.chance(0.4) ? random.pick(DESCRIPTIONS) : random.chance(0.2) ? '' : null,
    tags: random.chance(0.4) ? distinct(random, TAGS, 1 + random.int(3)) : [],
    owner_id: random.chance(0.8) ? random.pick(AGENTS).id : null,
    owner_group_id: random.chance(0.6) ? random.pick(GROUPS).id : null,
    organization_id: random.chance(0.4) ? random.pick(ORGANIZATIONS).id : null,
    custom_fields: customFields(random),
    open_api_token: null,
    is_blocked: random.chance(0.01),
    platform: random.pick(['手动录入', '手动录入', '网页', '微信', '批量导入']),
    weixin_open_id: random.chance(0.05) ? `o${text(random, 15)}` : null,
    weibo_id: random.chance(0.02) ? String(1_000_000_000 + random.int(999_999_999)) : null,
  };
}

function person(random: Random): { name: string; latin: string } {
  if (random.chance(0.7)) {
    const [surname, surnameLatin] = random.pick(SURNAMES);
    const [given, givenLatin] = random.pick(GIVEN);
    return { name: `${surname}${given}`, latin: `${givenLatin}.${surnameLatin}` };
  }
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  return { name: `${first} ${last}`, latin: `${first}.${last}`.normalize('NFD').replace(/[^A-Za-z.]/g, '') };
}

function email(random: Random, latin: string, used: Used): string {
  for (;;) {
    const plus = random.chance(0.03) ? '+crm' : '';
    const local = random.chance(0.1) ? latin : latin.toLowerCase();
    const address = `${local}${random.int(1_000_000)}${plus}@${random.pick(DOMAINS)}`;
    if (addNew(used.emails, address.toLowerCase())) return address;
  }
}

/** Chinese mobiles mostly, written in five ways; some landlines, some American numbers. */
function phone(random: Random, used: Used): string {
  for (;;) {
    const kind = random.int(20);
    if (kind === 0) {
      const area = random.pick(['010', '021']);
      const number = `${2 + random.int(7)}${digits(random, 7)}`;
      if (addNew(used.phones, area + number)) return `${area}-${number}`;
    } else if (kind === 1) {
      const [exchange, line] = [`${2 + random.int(8)}${digits(random, 2)}`, digits(random, 4)];
      if (addNew(used.phones, `1415${exchange}${line}`)) return `+1 415 ${exchange} ${line}`;
    } else {
      const number = `${random.pick(PREFIXES)}${digits(random, 8)}`;
      if (addNew(used.phones, number)) return written(number, kind);
    }
  }
}

function written(mobile: string, kind: number): string {
  const [a, b, c] = [mobile.slice(0, 3), mobile.slice(3, 7), mobile.slice(7)];
  if (kind === 2) return `+86 ${a} ${b} ${c}`;
  if (kind === 3) return `+86${mobile}`;
  if (kind === 4) return `${a}-${b}-${c}`;
  if (kind === 5) return `${a} ${b} ${c}`;
  return mobile;
}

function customFields(random: Random): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (random.chance(0.5)) fields.TextField_2 = random.pick(INDUSTRIES);
  if (random.chance(0.1)) fields.TextField_1 = `wx_${text(random, 6)}`;
  if (random.chance(0.4)) fields.SelectField_1 = [String(random.int(4))];
  if (random.chance(0.2)) fields.SelectField_2 = distinct(random, ['0', '1', '2'], 1 + random.int(2)).sort();
  return fields;
}

function distinct<T>(random: Random, items: readonly T[], count: number): T[] {
  const picked = new Set<T>();
  while (picked.size < count) picked.add(random.pick(items));
  return [...picked];
}

function digits(random: Random, length: number): string {
  return String(random.int(10 ** length)).padStart(length, '0');
}

function text(random: Random, length: number): string {
  let result = '';
  while (result.length < length) result += random.int(36).toString(36);
  return result;
}

function addNew(set: Set<string>, value: string): boolean {
  if (set.has(value)) return false;
  set.add(value);
  return true;
}
