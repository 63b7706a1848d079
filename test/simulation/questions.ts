/**
 * Whom a person is asked about, and never answered: once an e-mail or phone that raised the question is somewhere else, nobody
 * asks any more, and each of them is a person of their own for all that the engine can know (P5).
 */
import { sql } from 'drizzle-orm';
import { fromJsonb } from '../../src/store/jsonb.ts';
import { rows } from '../../src/store/tx.ts';
import { confirmedLinks } from './ours.ts';
import { nameOf } from './shared.ts';
import type { World } from './world.ts';

/** After each step: what is not asked any more, and was not answered with yes. */
export async function noteQuestions(world: World): Promise<void> {
  const found = await rows<{ candidates: string }>(
    world.db,
    sql`select candidates::text as candidates from udesk_sync.link
        where pair = ${world.name} and state = 'candidate' and candidates is not null`,
  );
  const asked = new Map<string, readonly [string, string]>();
  for (const { candidates } of found) {
    const { udesk, crm } = fromJsonb<{ udesk: string[]; crm: string[] }>(candidates);
    for (const one of udesk) for (const other of crm) asked.set(`${one} ${other}`, [one, other]);
  }
  const links = await confirmedLinks(world);
  for (const [key, [udesk, crm]] of world.asked) {
    if (asked.has(key) || links.some((link) => link.udesk_id === udesk && link.crm_id === crm)) continue;
    world.ledger.shared.noteAll([new Set([nameOf('udesk', udesk)]), new Set([nameOf('crm', crm)])]);
  }
  world.asked = asked;
}
