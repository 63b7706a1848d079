/**
 * Merge of set fields: `(base ∪ adds_udesk ∪ adds_crm) \ (deletes_udesk ∪ deletes_crm)` by normalised value
 * (sync design §5), carried out as a delta per target, so that two bases which correspond without being equal
 * stay as they are. Promise P2: an addition is never lost, a deletion never undone, an edit keeps its element.
 */
import { asElements, normalizeText } from './equivalence.ts';
import { comesBack, fromCommon, notBack, toCommon } from './mapping.ts';
import { otherSide, type SetOps, type SideName } from './record.ts';
import type { FieldSpec } from './spec.ts';
import type { Element, SetValue, Value } from './value.ts';

/** One value per side, each in its own side's values. */
export interface Sides {
  readonly udesk: Value;
  readonly crm: Value;
}

export interface SetMergeInput {
  readonly spec: FieldSpec;
  /** Default region of phone numbers. */
  readonly region: string;
  /** Null on the first link, which unites the two. */
  readonly base: Sides | null;
  readonly now: Sides;
}

/** What one side shall hold, in its own values: kept elements first, in their order and with their ids. */
export interface SideMerge {
  readonly after: SetValue;
  readonly ops: SetOps;
  readonly changed: boolean;
}

/** Nothing is lost in either kind: both edits, or the edit, are kept. `from`, `udesk`, `crm` are normalised values. */
export interface ElementConflict {
  readonly kind: 'edit/edit' | 'edit/delete';
  readonly from: string;
  /** What the side made of it; null: deleted. */
  readonly udesk: string | null;
  readonly crm: string | null;
}

export interface SetMerge {
  readonly udesk: SideMerge;
  readonly crm: SideMerge;
  readonly elementConflicts: readonly ElementConflict[];
  /** Additions that have no image on the other side; they are in no `after`. */
  readonly unmappable: readonly { readonly from: SideName; readonly reason: string }[];
}

export function mergeSets(input: SetMergeInput): SetMerge {
  const deltas = { udesk: deltaOf(input, 'udesk'), crm: deltaOf(input, 'crm') };
  const udesk = applyDelta(input, 'udesk', deltas.udesk, deltas.crm);
  const crm = applyDelta(input, 'crm', deltas.crm, deltas.udesk);
  return {
    udesk: udesk.merge,
    crm: crm.merge,
    elementConflicts: elementConflicts(deltas.udesk, deltas.crm),
    unmappable: [...crm.unmappable, ...udesk.unmappable],
  };
}

/** What takes a side from `now` to exactly the members of `wanted`, both in that side's own values. */
export function replaceSet(
  spec: FieldSpec,
  side: SideName,
  now: Value,
  wanted: Value,
  region: string,
): SideMerge {
  const current = membersOf(spec, side, now, region);
  const target = uniqueByKey(membersOf(spec, side, wanted, region));
  const keep = new Set(target.map((member) => member.key));
  const have = new Set(current.map((member) => member.key));
  const removed = uniqueByKey(current.filter((member) => !keep.has(member.key)));
  const added = target.filter((member) => !have.has(member.key));
  const edits = new Map<string, string>();
  for (const [i, member] of removed.entries()) {
    const to = added[i];
    if (to) edits.set(member.key, to.own);
  }
  const rest = added.slice(removed.length).map((member) => member.own);
  return build(current, new Set(removed.map((member) => member.key)), edits, rest);
}

/**
 * The side's set as if its own edits since the base had not been made, as far as the other side's current values
 * cover it: what it added goes unless the other has it too, what it removed returns if the other still has it.
 */
export function withoutOwnEdits(input: SetMergeInput, side: SideName): SetValue {
  const { adds, dels, base } = deltaOf(input, side);
  const others = keysOf(input, otherSide(side), input.now);
  const undone = new Set(adds.map((member) => member.key).filter((key) => !others.has(key)));
  const kept = membersOf(input.spec, side, input.now[side], input.region).filter((m) => !undone.has(m.key));
  const back = base.filter((member) => dels.has(member.key) && others.has(member.key));
  return [
    ...kept.map((member): Element => ({ id: member.id, value: member.own })),
    ...back.map((member): Element => ({ id: null, value: member.own })),
  ];
}

/** The members that both sides hold now: a base that never undoes a deletion and never loses an addition. */
export function agreedPart(input: SetMergeInput): Sides {
  const part = (side: SideName): SetValue => {
    const others = keysOf(input, otherSide(side), input.now);
    const own = membersOf(input.spec, side, input.now[side], input.region);
    return own.filter((member) => others.has(member.key)).map(({ id, own }) => ({ id, value: own }));
  };
  return { udesk: part('udesk'), crm: part('crm') };
}

/**
 * The bases without what the other side took away and `side` holds, once another record has taken its place there: that one
 * may hold it for a reason of its own, so it counts as added, and comes over. Null where there is nothing of the kind.
 */
export function keptBySurvivor(
  input: SetMergeInput & { readonly base: Sides },
  side: SideName,
): Sides | null {
  const { spec, region, base } = input;
  const held = keysOf(input, side, input.now);
  const kept = new Set([...deltaOf(input, otherSide(side)).dels].filter((key) => held.has(key)));
  if (kept.size === 0) return null;
  const part = (at: SideName): SetValue =>
    membersOf(spec, at, base[at], region)
      .filter((member) => !kept.has(member.key))
      .map(({ id, own }) => ({ id, value: own }));
  return { udesk: part('udesk'), crm: part('crm') };
}

/** One half of a set merge, as it was planned and as it ended. */
export interface SettledHalf {
  /** The side that was written. */
  readonly side: SideName;
  /** The bases now; null on a first link. */
  readonly bases: Sides | null;
  /** The other side's value, and the bases, when this was planned. */
  readonly planned: { readonly other: Value; readonly base: Sides | null };
  /** What the written side held before and after. */
  readonly before: Value;
  readonly after: Value;
}

/**
 * The bases after one half of a set merge is settled: the write carried what the other side had added and removed, and
 * exactly that is now agreed. What the written side itself had edited is not: it stays an edit until its own half is
 * settled, whatever happens to either side meanwhile (P2). A side's own form of what it was sent counts as carried.
 */
export function settledHalf(spec: FieldSpec, region: string, half: SettledHalf): Sides {
  const { side, bases, planned } = half;
  const from = otherSide(side);
  const members = (at: SideName, value: Value) => membersOf(spec, at, value, region);
  const keys = (list: readonly Member[]) => new Set(list.map((member) => member.key));
  // On a first link (no base) all that the other side held was carried, what both held already included.
  const theirs = deltaOf(
    { spec, region, base: planned.base, now: { udesk: planned.other, crm: planned.other } },
    from,
  );
  const added = keys(theirs.adds);
  const theirBase = bases === null ? [] : members(from, bases[from]);
  const theirNow = uniqueByKey(members(from, planned.other));
  const others = [
    ...theirBase.filter(({ key }) => !theirs.dels.has(key) && !added.has(key)),
    ...theirNow.filter(({ key }) => added.has(key)),
  ];

  const base = bases === null ? [] : members(side, bases[side]);
  const before = keys(members(side, half.before));
  const theirKeys = keys(theirNow);
  const ownAdds = minusKeys(before, keys(base), theirKeys);
  const ownDels = base.filter(({ key }) => !before.has(key) && !theirs.dels.has(key));
  const mine = [...uniqueByKey(members(side, half.after)).filter(({ key }) => !ownAdds.has(key)), ...ownDels];

  const elements = (list: readonly Member[]) => list.map(({ id, own }): Element => ({ id, value: own }));
  return side === 'udesk'
    ? { udesk: elements(mine), crm: elements(others) }
    : { udesk: elements(others), crm: elements(mine) };
}

/**
 * What a side holds after a set was written, without what others did to it meanwhile: an element that we did not send
 * stays an addition of theirs, and one that we kept and that is gone a deletion of theirs (P2). Where something that we
 * added is missing *and* something else is there, the side may store a form of its own: that is left as it is.
 */
export function asCarried(spec: FieldSpec, region: string, held: Value, sent: Value, before: Value): Value {
  const keyOf = (element: Element) => normalizeText(spec.equivalence, element.value, region);
  const keys = (value: Value) => new Set(asElements(value).map(keyOf));
  const [has, wanted, had] = [keys(held), keys(sent), keys(before)];
  if (!tellsForeign(has, wanted, had)) return held;
  const gone = asElements(sent).filter((element) => !has.has(keyOf(element)) && had.has(keyOf(element)));
  return [...asElements(held).filter((element) => wanted.has(keyOf(element))), ...gone];
}

/**
 * Whether what a set holds beyond what was sent, or lacks of it, is surely not the side's own form of it. What it held
 * before has its form already, so only what we added can be there in another one.
 */
export function tellsForeign(
  held: ReadonlySet<string>,
  sent: ReadonlySet<string>,
  before: ReadonlySet<string>,
): boolean {
  const within = (inner: ReadonlySet<string>, outer: ReadonlySet<string>) =>
    [...inner].every((key) => outer.has(key));
  return within(held, sent) || within(minusKeys(sent, before), held);
}

function minusKeys(keys: ReadonlySet<string>, ...without: readonly ReadonlySet<string>[]): Set<string> {
  return new Set([...keys].filter((key) => without.every((other) => !other.has(key))));
}

/** An element with the key by which it is compared across sides. */
interface Member {
  readonly id: string | null;
  /** In its side's own values. */
  readonly own: string;
  readonly key: string;
}

interface Edit {
  readonly from: string;
  readonly to: Member;
}

interface Delta {
  readonly base: readonly Member[];
  readonly adds: readonly Member[];
  readonly dels: ReadonlySet<string>;
  readonly edits: readonly Edit[];
}

function membersOf(spec: FieldSpec, side: SideName, value: Value, region: string): Member[] {
  return asElements(value).map((element) => {
    const common = toCommon({ ...spec, shape: 'scalar' }, side, element.value);
    // A value without an image has a key of its own side: it equals nothing over there, and nothing is invented for it.
    const key =
      common.ok && typeof common.value === 'string'
        ? normalizeText(spec.equivalence, common.value, region)
        : `\u0000${side}:${normalizeText(spec.equivalence, element.value, region)}`;
    return { id: element.id, own: element.value, key };
  });
}

function keysOf(input: SetMergeInput, side: SideName, sides: Sides): Set<string> {
  return new Set(membersOf(input.spec, side, sides[side], input.region).map((member) => member.key));
}

function uniqueByKey(members: readonly Member[]): Member[] {
  const seen = new Set<string>();
  return members.filter((member) => !seen.has(member.key) && seen.add(member.key));
}

function deltaOf(input: SetMergeInput, side: SideName): Delta {
  const base = input.base === null ? [] : membersOf(input.spec, side, input.base[side], input.region);
  const now = membersOf(input.spec, side, input.now[side], input.region);
  const baseKeys = new Set(base.map((member) => member.key));
  const nowKeys = new Set(now.map((member) => member.key));
  const gone = uniqueByKey(base.filter((member) => !nowKeys.has(member.key)));
  const adds = uniqueByKey(now.filter((member) => !baseKeys.has(member.key)));
  return { base, adds, dels: new Set(gone.map((member) => member.key)), edits: pairEdits(gone, adds) };
}

/**
 * Which removal and which addition of one side are one edit in place: those of one id; then, where an id is not
 * known on at least one of the two, in order of appearance. Two different known ids are never one element.
 */
function pairEdits(gone: readonly Member[], adds: readonly Member[]): Edit[] {
  const free = [...adds];
  const take = (fits: (add: Member) => boolean): Member | undefined => {
    const at = free.findIndex(fits);
    return at < 0 ? undefined : free.splice(at, 1)[0];
  };
  const edits: Edit[] = [];
  const unpaired: Member[] = [];
  for (const member of gone) {
    const to = member.id === null ? undefined : take((add) => add.id === member.id);
    if (to) edits.push({ from: member.key, to });
    else unpaired.push(member);
  }
  for (const member of unpaired) {
    const to = take((add) => member.id === null || add.id === null);
    if (to) edits.push({ from: member.key, to });
  }
  return edits;
}

function applyDelta(input: SetMergeInput, side: SideName, own: Delta, theirs: Delta) {
  const { spec, region, now } = input;
  const current = membersOf(spec, side, now[side], region);
  const have = new Set(current.map((member) => member.key));
  const ownAdds = new Set(own.adds.map((member) => member.key));
  // What this side added since its base outlives a deletion over there (the bases then differed): an add wins.
  const dels = new Set([...theirs.dels].filter((key) => have.has(key) && !ownAdds.has(key)));
  const unmappable: { from: SideName; reason: string }[] = [];
  const wanted = new Map<string, string>();
  for (const add of theirs.adds) {
    if (have.has(add.key)) continue;
    const image = imageOf(spec, side, add.own);
    if (image.ok) wanted.set(add.key, image.text);
    else unmappable.push({ from: otherSide(side), reason: image.reason });
  }
  const edits = new Map<string, string>();
  for (const edit of theirs.edits) {
    const text = wanted.get(edit.to.key);
    if (text === undefined || !dels.has(edit.from)) continue;
    edits.set(edit.from, text);
    wanted.delete(edit.to.key);
  }
  return { merge: build(current, dels, edits, [...wanted.values()]), unmappable };
}

function imageOf(spec: FieldSpec, target: SideName, own: string) {
  const scalar = { ...spec, shape: 'scalar' as const };
  const common = toCommon(scalar, otherSide(target), own);
  const image = common.ok ? fromCommon(scalar, target, common.value) : common;
  if (!image.ok) return image;
  const back = comesBack(scalar, otherSide(target), own, image.value, { element: true })
    ? null
    : notBack(scalar, otherSide(target));
  return back !== null && !back.ok ? back : { ok: true as const, text: String(image.value) };
}

function build(
  current: readonly Member[],
  dels: ReadonlySet<string>,
  edits: ReadonlyMap<string, string>,
  adds: readonly string[],
): SideMerge {
  const after: Element[] = [];
  const remove: { id: string | null; value: string }[] = [];
  const change: { id: string | null; from: string; to: string }[] = [];
  const edited = new Set<string>();
  for (const { id, own, key } of current) {
    const to = edited.has(key) ? undefined : edits.get(key);
    if (!dels.has(key)) {
      after.push({ id, value: own });
    } else if (to === undefined) {
      remove.push({ id, value: own });
    } else {
      // Of two elements with one value, the first is edited and the other goes.
      edited.add(key);
      change.push({ id, from: own, to });
      after.push({ id, value: to });
    }
  }
  after.push(...adds.map((value): Element => ({ id: null, value })));
  const changed = adds.length + remove.length + change.length > 0;
  return { after, ops: { add: [...adds], remove, change }, changed };
}

function elementConflicts(udesk: Delta, crm: Delta): ElementConflict[] {
  const found: ElementConflict[] = [];
  const madeOf = (delta: Delta, key: string) => delta.edits.find((edit) => edit.from === key)?.to.key ?? null;
  for (const member of uniqueByKey(udesk.base)) {
    const key = member.key;
    if (!udesk.dels.has(key) || !crm.dels.has(key)) continue;
    const [inUdesk, inCrm] = [madeOf(udesk, key), madeOf(crm, key)];
    if (inUdesk === inCrm) continue;
    const kind = inUdesk === null || inCrm === null ? 'edit/delete' : 'edit/edit';
    found.push({ kind, from: key, udesk: inUdesk, crm: inCrm });
  }
  return found;
}
