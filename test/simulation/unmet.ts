/**
 * One person on both sides whom we take for two (P5): before we linked their records, a person took away the last e-mail or phone
 * that told us. Nobody can know it then, and each of the records is a person of its own.
 */
import { confirmedLinks } from './ours.ts';
import { nameOf } from './shared.ts';
import type { Held } from './sides.ts';
import { sameToken } from './tokens.ts';
import type { World } from './world.ts';

/** After each step; only the first people are on both sides before we look. */
export async function noteUnmet(world: World): Promise<void> {
  if (world.unmet.length === 0) return;
  const links = await confirmedLinks(world);
  world.unmet = world.unmet.filter(({ udesk, crm }) => {
    if (links.some((link) => link.udesk_id === udesk && link.crm_id === crm)) return false;
    const [here, there] = [world.people.udesk.get(udesk), world.people.crm.get(crm)];
    if (here === null || there === null) return false;
    if (haveContactInCommon(here, there)) return true;
    world.ledger.shared.noteAll([new Set([nameOf('udesk', udesk)]), new Set([nameOf('crm', crm)])]);
    return false;
  });
}

function haveContactInCommon(a: Held, b: Held): boolean {
  return (['emails', 'phones'] as const).some((set) =>
    a[set].some((one) => b[set].some((other) => sameToken(one, other))),
  );
}
