/**
 * Whom a person is asked about, and never answered: once an e-mail or phone that raised the question is somewhere else, nobody
 * asks any more, and each of them is a person of their own for all that the engine can know (P5).
 */
import { confirmedLinks, openQuestions } from './ours.ts';
import { nameOf } from './shared.ts';
import type { World } from './world.ts';

/** After each step: what is not asked any more, and was not answered with yes. */
export async function noteQuestions(world: World): Promise<void> {
  const asked = new Map(
    (await openQuestions(world)).map(([udesk, crm]) => [`${udesk} ${crm}`, [udesk, crm] as const]),
  );
  const links = await confirmedLinks(world);
  for (const [key, [udesk, crm]] of world.asked) {
    if (asked.has(key) || links.some((link) => link.udesk_id === udesk && link.crm_id === crm)) continue;
    world.ledger.shared.noteAll([new Set([nameOf('udesk', udesk)]), new Set([nameOf('crm', crm)])]);
  }
  world.asked = asked;
}
