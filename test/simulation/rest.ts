/** Where a world came to rest: what it holds, told without anything that depends on when or by whom it was written. */
import { sql } from 'drizzle-orm';
import { SIDES } from '../../src/core/record.ts';
import { rows } from '../../src/store/tx.ts';
import type { World } from './world.ts';

interface Told extends Record<string, unknown> {
  readonly told: string;
}

/**
 * Sentences in order: every record of both sides, every link between them, every question that is open and every write that
 * waits. Ids of records are left out: whoever is created after a kill may get another.
 */
export async function restOf(world: World): Promise<string[]> {
  const people = SIDES.flatMap((side) => world.people[side].list().map((held) => [side, held] as const));
  const nameOf = new Map(people.map(([side, held]) => [`${side} ${held.id}`, `${side} "${held.name}"`]));
  const named = (side: string, id: string) => nameOf.get(`${side} ${id}`) ?? `${side} nobody`;
  const links = await rows<{ state: string; udesk: string; crm: string }>(
    world.db,
    sql`select state, udesk_id as udesk, crm_id as crm from udesk_sync.link where pair = ${world.name}`,
  );
  const questions = await rows<Told>(
    world.db,
    sql`select concat_ws(' ', 'conflict', kind, field, udesk, crm) as told from udesk_sync.conflict
        where pair = ${world.name} and state in ('open', 'resolving')`,
  );
  const waiting = await rows<Told>(
    world.db,
    sql`select concat_ws(' ', 'write', op, side, state) as told from udesk_sync.intent
        where pair = ${world.name} and state in ('planned', 'held', 'pending', 'sending', 'unknown')
        union all select concat_ws(' ', 'parked', kind, side) from udesk_sync.parked
        where pair = ${world.name} and state = 'parked'`,
  );
  return [
    ...people.map(([side, { name, note, emails, phones }]) =>
      JSON.stringify([side, name, note, emails.toSorted(), phones.toSorted()]),
    ),
    ...links.map(({ state, udesk, crm }) => `${state} ${named('udesk', udesk)} = ${named('crm', crm)}`),
    ...[...questions, ...waiting].map(({ told }) => told),
  ].toSorted();
}
