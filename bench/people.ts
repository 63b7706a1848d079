/** Invented customers, each a pure function of its number, so that any amount of them needs no memory. */
import type { CustomerSeed } from '../src/simulator/customer.ts';

export interface Person {
  /** Udesk's id. */
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly otherEmails: readonly string[];
  readonly phones: readonly string[];
  readonly vip: boolean;
  readonly industry: string | null;
  readonly note: string | null;
}

const NAMES = ['王秀英', '李伟', '欧阳建国', '张婷婷', "Sean O'Brien", 'Zoë Larsson', '陈晓明'] as const;
const INDUSTRIES = ['教育', '零售', '制造', '金融', 'SaaS'] as const;
const NOTES = ['需要回访', '通过展会认识，报价已发送，下周再联系', 'asked for a demo\n周末勿扰'] as const;

export function person(n: number): Person {
  const email = `person.${n}@mail.example.com`;
  return {
    id: 1_000_000 + n,
    name: `${pick(NAMES, n)} ${n}`,
    email,
    otherEmails: n % 5 === 0 ? [`Office.${n}@corp.example.net`] : [],
    phones:
      n % 3 === 0 ? [mobile(13_000_000_000 + n), mobile(15_000_000_000 + n)] : [mobile(13_000_000_000 + n)],
    vip: n % 7 === 0,
    industry: n % 2 === 0 ? pick(INDUSTRIES, n) : null,
    note: n % 3 === 1 ? pick(NOTES, n) : null,
  };
}

/** The same person as the simulator's seed. */
export function seedOf({ id, name, email, otherEmails, phones, vip, industry, note }: Person): CustomerSeed {
  return {
    id,
    nick_name: name,
    email,
    other_emails: otherEmails,
    cellphones: phones,
    level: vip ? 'vip' : 'normal',
    description: note,
    tags: id % 4 === 0 ? ['重点', 'trial'] : [],
    owner_id: 8,
    custom_fields: industry === null ? {} : { TextField_2: industry },
  };
}

/** The same person as a row of Udesk's list (api.md §2.5), as an object that is ready for JSON. */
export function listRowOf(who: Person): Record<string, unknown> {
  const items = (contents: readonly string[], kind: number) =>
    contents.map((content, at) => ({ id: who.id * 10 + kind + at, content }));
  return {
    id: who.id,
    nick_name: who.name,
    email: who.email,
    other_emails: items(who.otherEmails, 0),
    cellphones: items(who.phones, 5),
    description: who.note,
    level: who.vip ? 'vip' : 'normal',
    is_blocked: false,
    organization_id: null,
    owner_id: 8,
    owner_group_id: null,
    open_api_token: null,
    platform: '手动录入',
    tags:
      who.id % 4 === 0
        ? [
            { id: 1, name: '重点' },
            { id: 2, name: 'trial' },
          ]
        : [],
    custom_fields: who.industry === null ? {} : { TextField_2: who.industry },
    created_at: '2024-05-01T08:00:00.000+08:00',
    updated_at: '2024-05-01T08:00:00.000+08:00',
  };
}

function mobile(digits: number): string {
  const text = String(digits);
  return digits % 4 === 0 ? `${text.slice(0, 3)}-${text.slice(3, 7)}-${text.slice(7)}` : text;
}

function pick<T>(items: readonly T[], n: number): T {
  return items[n % items.length] as T;
}
