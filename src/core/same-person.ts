/** Who is one person, as far as links tell that hold, or held, their records. */
import { otherSide, SIDES, type SideName } from './record.ts';

export interface LinkTrace {
  readonly id: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  /** Records that it held before, in that order: merged into another one, or deleted and created anew. */
  readonly before: readonly { readonly side: SideName; readonly from: string }[];
}

export type PersonIds = Readonly<Record<SideName, readonly string[]>>;

/**
 * All who are one person with one of `ids`, as these links tell in one step: the two whom a link holds, and the two whom it held
 * at any time before. Nobody of whom a person said that they are somebody else (P2, P6).
 * @returns `ids` and whoever is new, in the order in which they are met
 */
export function growPerson(
  ids: PersonIds,
  links: readonly LinkTrace[],
  areApart: (udeskId: string, crmId: string) => boolean,
): PersonIds {
  const found = { udesk: new Set(ids.udesk), crm: new Set(ids.crm) };
  for (const [udeskId, crmId] of links.flatMap((link) => pairsOf(link, areApart))) {
    if (!found.udesk.has(udeskId) && !found.crm.has(crmId)) continue;
    found.udesk.add(udeskId);
    found.crm.add(crmId);
  }
  return { udesk: [...found.udesk], crm: [...found.crm] };
}

/** Whether the link holds a record of this person: it is theirs, or was until a person said that it is not. */
export function holdsPerson(link: LinkTrace, ids: PersonIds): boolean {
  return SIDES.some((side) => ids[side].includes((side === 'udesk' ? link.udeskId : link.crmId) ?? ''));
}

/**
 * The two whom the link holds, and, from the last to the first, whom it held together before; without whoever a person said to be
 * somebody else than one of those.
 */
function pairsOf(
  link: LinkTrace,
  areApart: (udeskId: string, crmId: string) => boolean,
): (readonly [string, string])[] {
  const then = { udesk: link.udeskId, crm: link.crmId };
  const met = { udesk: [link.udeskId], crm: [link.crmId] };
  const pairs: (readonly [string, string])[] = [];
  const add = () => {
    if (then.udesk !== null && then.crm !== null) pairs.push([then.udesk, then.crm]);
  };
  if (!areApart(link.udeskId ?? '', link.crmId ?? '')) add();
  for (const { side, from } of link.before.toReversed()) {
    const isSaidApart = (other: string) => (side === 'udesk' ? areApart(from, other) : areApart(other, from));
    if (met[otherSide(side)].some((other) => other !== null && isSaidApart(other))) continue;
    met[side].push(from);
    then[side] = from;
    add();
  }
  return pairs;
}
