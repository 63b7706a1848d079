/**
 * One person on both sides whom we take for two (P5): before we linked their records, a person took away the last e-mail or phone
 * that told us. Nobody can know it then, and each of the records is a person of its own.
 */
import { confirmedLinks } from './ours.ts';
import { nameOf } from './shared.ts';
import { type Held, valuesOf } from './sides.ts';
import { plain, sameToken } from './tokens.ts';
import type { World } from './world.ts';

/**
 * After each act of a person, and never later: what a create of ours made of one of them while they had something in common, is one
 * too many. What both have then may be in two hands, and nothing else.
 */
export async function noteUnmet(world: World): Promise<void> {
  if (world.unmet.length === 0) return;
  const { ledger, people } = world;
  const links = await confirmedLinks(world);
  const sources = new Set(ledger.sources.values());
  world.unmet = world.unmet.filter(({ udesk, crm }) => {
    if (links.some((link) => link.udesk_id === udesk && link.crm_id === crm)) return false;
    const [here, there] = [people.udesk.get(udesk), people.crm.get(crm)];
    const names = [nameOf('udesk', udesk), nameOf('crm', crm)];
    if (here === null || there === null || names.some((name) => sources.has(name))) return false;
    if (haveContactInCommon(here, there)) return true;
    const values = new Set(valuesOf(here).map(plain));
    const both = new Set(
      valuesOf(there)
        .map(plain)
        .filter((value) => values.has(value)),
    );
    for (const value of both)
      ledger.shared.note(
        value,
        names.map((name) => new Set([name])),
      );
    return false;
  });
}

function haveContactInCommon(a: Held, b: Held): boolean {
  return (['emails', 'phones'] as const).some((set) =>
    a[set].some((one) => b[set].some((other) => sameToken(one, other))),
  );
}
