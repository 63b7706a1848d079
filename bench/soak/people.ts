/** People at work on both sides of a soak, each edit with a value of its own, and what became of all of them (P2). */
import type postgres from 'postgres';
import type { Random } from '../../src/simulator/random.ts';
import {
  type Edit,
  type Fates,
  fatesOf,
  heldByCrm,
  inConflicts,
  WRITE_DOWN,
} from '../../test/support/accounting.ts';
import { person } from '../people.ts';

const FIELDS = [
  { udesk: 'nick_name', crm: 'name' },
  { udesk: 'description', crm: 'note' },
] as const;
const NICK_NAME = FIELDS[0];

export interface People {
  readonly edits: readonly Edit[];
  /** One edit of anybody, on either side. */
  edit(): Promise<void>;
  /** Both sides at once, the same field: two people who cannot know of each other. */
  clash(): Promise<void>;
  /** Somebody new, on either side. */
  bear(): Promise<void>;
  fates(): Promise<Fates>;
  /** How many customers each side has, and how many there should be. */
  counts(): Promise<{ readonly udesk: number; readonly crm: number; readonly wanted: number }>;
}

export interface PeopleOptions {
  readonly customers: number;
  readonly random: Random;
  readonly controlUrl: string;
  readonly crm: postgres.Sql;
  readonly ours: postgres.Sql;
  readonly clock: () => number;
}

/** Person n has id n + 1 in the CRM. */
export async function createPeople(options: PeopleOptions): Promise<People> {
  const { customers, random, controlUrl, crm, ours, clock } = options;
  await crm.unsafe(WRITE_DOWN);
  const edits: Edit[] = [];
  /** What was seen at Udesk once is not asked for again. */
  const seenByUdesk = new Set<string>();
  let born = 0;

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${controlUrl}${path}`, { method, ...init });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async function change(side: Edit['side'], n: number, field: (typeof FIELDS)[number]): Promise<void> {
    const { id, email } = person(n);
    const value = `edit ${edits.length} of ${side}`;
    if (side === 'udesk') await ask('PATCH', `/customers/${id}`, { changes: { [field.udesk]: value } });
    else
      await crm`update contact set ${crm({ [field.crm]: value })}, updated_at = clock_timestamp() where id = ${n + 1}`;
    edits.push({ at: clock(), side, email, field, value });
  }

  async function lookAtUdesk(edit: Edit): Promise<boolean> {
    const id = await idOf(edit.email);
    if (id === null) return false;
    const { customer, feeds } = await ask<{
      customer: Record<string, unknown>;
      feeds: readonly { summary: string }[];
    }>('GET', `/customers/${id}`);
    const { udesk } = edit.field;
    return customer[udesk] === edit.value || feeds.some(({ summary }) => summary.includes(`“${edit.value}”`));
  }

  /** Those who were born meanwhile are the newest. */
  async function idOf(email: string): Promise<string | null> {
    const n = /^person\.(\d+)@/.exec(email)?.[1];
    if (n !== undefined) return String(person(Number(n)).id);
    const newest = await ask<{ customers: readonly { id: string; email: string | null }[] }>(
      'GET',
      `/customers?limit=${born}`,
    );
    return newest.customers.find((one) => one.email === email)?.id ?? null;
  }

  return {
    edits,
    edit: () => change(random.chance(0.5) ? 'udesk' : 'crm', random.int(customers), random.pick(FIELDS)),
    async clash() {
      const [n, field] = [random.int(customers), random.pick(FIELDS)];
      await Promise.all([change('udesk', n, field), change('crm', n, field)]);
    },
    async bear() {
      const n = born++;
      const [email, value] = [`new.${n}@mail.example.com`, `born ${n}`];
      const side = n % 2 === 0 ? 'udesk' : 'crm';
      if (side === 'udesk') await ask('POST', '/customers', { attributes: { nick_name: value, email } });
      else await crm`insert into contact (name, emails) values (${value}, ${[email]})`;
      edits.push({ at: clock(), side, email, field: NICK_NAME, value });
    },
    async fates() {
      for (const edit of edits) {
        if (edit.side === 'crm' && !seenByUdesk.has(edit.value) && (await lookAtUdesk(edit)))
          seenByUdesk.add(edit.value);
      }
      return fatesOf(edits, {
        heldByCrm: await heldByCrm(crm),
        heldByUdesk: ({ value }) => seenByUdesk.has(value),
        inConflicts: await inConflicts(ours),
      });
    },
    async counts() {
      const { customers: udesk } = await ask<{ customers: number }>('GET', '/stats');
      const [row] = await crm`select count(*)::int as n from contact`;
      return { udesk, crm: Number(row?.n), wanted: customers + born };
    },
  };
}
