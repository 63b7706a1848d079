/**
 * People on both sides of the week: by day many, at night few. Every customer and field is edited on one side only, so that
 * nothing clashes by accident; those who are meant to clash are kept apart, so that the conflicts are known beforehand.
 */
import type postgres from 'postgres';
import type { Random } from '../../../src/simulator/random.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { type Edit, evidenceOf, type Fates, fatesOf } from '../accounting.ts';

const FIELDS = [
  { udesk: 'nick_name', crm: 'name' },
  { udesk: 'description', crm: 'note' },
] as const;
type Field = (typeof FIELDS)[number];

/** Edits a minute by the hour of the day. */
const PER_MINUTE = { day: 0.25, night: 0.02 } as const;
const CLASHES_A_DAY = 4;
const BIRTHS_A_DAY = 6;
const RUSH = 3;

export interface WeekPeople {
  readonly edits: readonly Edit[];
  /** What two people changed at once: `email field`. */
  readonly clashes: readonly string[];
  readonly emails: readonly string[];
  /** What happens in this minute of the week. */
  minute(minute: number): Promise<void>;
  /** Several at once, so that there is work: new people in the CRM, and edits in Udesk. */
  rush(): Promise<void>;
  fates(conflicts: postgres.Sql): Promise<Fates>;
  /** Fields that differ although nobody holds them in a conflict, and who is there twice or not at all. */
  differences(): Promise<string[]>;
}

export interface WeekPeopleOptions {
  readonly simulator: Simulator;
  readonly crm: postgres.Sql;
  readonly random: Random;
  /** Those who are edited on one side alone. */
  readonly customers: readonly string[];
  /** Those who are edited on both at once, each field once. */
  readonly clashing: readonly string[];
  readonly now: () => number;
}

export function createWeekPeople(options: WeekPeopleOptions): WeekPeople {
  const { simulator, crm, random, customers, clashing, now } = options;
  const { tenant } = simulator;
  const edits: Edit[] = [];
  const clashes: string[] = [];
  const emails = [...customers, ...clashing];
  let born = 0;

  async function edit(side: Edit['side'], email: string, field: Field): Promise<void> {
    const value = `edit ${edits.length} of ${side}`;
    edits.push({ at: now(), side, email, field, value });
    if (side === 'udesk') tenant.edit(tenant.find('email', email)?.id ?? '', { [field.udesk]: value });
    else await crm`update contact set ${crm({ [field.crm]: value })} where emails[1] = ${email}`;
  }

  async function clash(): Promise<void> {
    const [email, field] = [
      clashing[clashes.length % clashing.length],
      FIELDS[clashes.length < clashing.length ? 0 : 1],
    ];
    // Each field of each of them once: a second clash would be the same conflict.
    if (email === undefined || clashes.length >= clashing.length * FIELDS.length) return;
    clashes.push(`${email} ${field.udesk}`);
    await edit('udesk', email, field);
    await edit('crm', email, field);
  }

  async function bear(side: Edit['side'] = born % 2 === 0 ? 'crm' : 'udesk'): Promise<void> {
    const email = `new${born++}@example.com`;
    if (side === 'udesk') tenant.create({ nick_name: email, email });
    else await crm`insert into contact (name, emails) values (${email}, ${[email]})`;
    emails.push(email);
  }

  return {
    edits,
    clashes,
    emails,
    async minute(minute) {
      const ofDay = minute % (24 * 60);
      const hour = ofDay / 60;
      if (random.chance(hour >= 8 && hour < 20 ? PER_MINUTE.day : PER_MINUTE.night)) {
        const [n, f] = [random.int(customers.length), random.int(FIELDS.length)];
        const [email, field] = [customers[n], FIELDS[f]];
        if (email !== undefined && field !== undefined)
          await edit((n + f) % 2 === 0 ? 'udesk' : 'crm', email, field);
      }
      if (ofDay % Math.floor((24 * 60) / CLASHES_A_DAY) === 137) await clash();
      if (ofDay % Math.floor((24 * 60) / BIRTHS_A_DAY) === 61) await bear();
    },
    async rush() {
      for (let n = 0; n < RUSH; n += 1) {
        await bear('crm');
        const m = random.int(customers.length);
        const [email, field] = [customers[m], FIELDS[m % FIELDS.length]];
        if (email !== undefined && field !== undefined) await edit('udesk', email, field);
      }
    },
    async fates(ours) {
      return fatesOf(edits, await evidenceOf(tenant, crm, ours));
    },
    async differences() {
      const rows = await crm`select emails[1] as email, name, note from contact`;
      const people = new Map(rows.map((row) => [row.email as string | null, row]));
      const wrong = emails.flatMap((email) => {
        const [customer, person] = [tenant.find('email', email), people.get(email)];
        if (customer === null || person === undefined) return [`${email} is not on both sides`];
        return FIELDS.filter(({ udesk, crm: column }) => (customer[udesk] ?? '') !== (person[column] ?? ''))
          .map(({ udesk }) => `${email} ${udesk}`)
          .filter((place) => !clashes.includes(place));
      });
      if (rows.length !== people.size) wrong.push('somebody is twice in the CRM');
      if (tenant.count !== rows.length) wrong.push(`${tenant.count} customers and ${rows.length} people`);
      return wrong;
    },
  };
}
