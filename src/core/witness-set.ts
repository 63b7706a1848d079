/**
 * The witness of a set field. Our write carries a delta; whatever else the history adds or removes around it is either
 * somebody's edit, or what our write did to such an edit: a list that is sent whole takes away what was just added.
 */
import { asElements, normalizeText } from './equivalence.ts';
import type { FieldWrite } from './record.ts';
import { tellsForeign } from './set-merge.ts';
import type { Element } from './value.ts';
import {
  type ChangeRecord,
  judgeOpaque,
  overwritten,
  surelyAfterLook,
  type Verdict,
  type WitnessInput,
} from './witness-records.ts';

/** One element that came, or went. */
interface Atom {
  readonly record: ChangeRecord;
  readonly sign: 'add' | 'remove';
  readonly key: string;
  readonly value: string;
  /** What an element that went became, where it was edited in place. */
  readonly became: string | null;
}

export function witnessSet(input: WitnessInput): Verdict {
  const ours = deltaOf(input, input.write);
  const later = input.later.map((write) => deltaOf(input, write));
  const atoms = atomsOf(input);
  const isOurs = (atom: Atom) => ours[atom.sign].has(atom.key) && !leadsElsewhere(input, ours, atom);
  const done = atoms.filter(isOurs);
  const foreign = atoms.filter((atom) => !isOurs(atom));
  const us = onlyAuthor(done);
  // Whoever only took away the same as we did may have been faster than we were: then who took something away after them is us.
  const lastDone = done.every(({ sign }) => sign === 'remove') ? atoms.findLastIndex(isOurs) : atoms.length;
  const begun = keysOf(input, input.write.before);
  /** As the others left it: their edits on what we had verified, without what our write did to them. */
  const left = new Map(
    asElements(input.write.before).map((element) => [keyOf(input, element.value), element]),
  );
  const maker = new Map<string, Atom>();
  for (const atom of foreign) {
    if (later.some((delta) => delta[atom.sign].has(atom.key))) continue;
    const made = maker.get(atom.key);
    // Taken back by somebody else: that may be what our write did, unless the history says that it was not us.
    const byUs = us === null || atom.record.author?.id == null || atom.record.author.id === us;
    const mayBeUs = byUs || atoms.indexOf(atom) > lastDone;
    if (made !== undefined && made.sign !== atom.sign && mayBeUs && !samePerson(made.record, atom.record))
      continue;
    maker.set(atom.key, atom);
    if (atom.sign === 'remove') left.delete(atom.key);
    else left.set(atom.key, { id: null, value: atom.value });
  }
  const held = keysOf(input, input.held);
  const sent = keysOf(input, input.write.after);
  const seen = tellsForeign(held, sent, begun);
  const lost = [...maker.values()].find(({ sign, key }) => {
    if (sign === 'add') {
      if (!left.has(key) || begun.has(key) || sent.has(key)) return false;
      return !held.has(key) || !seen;
    }
    return !left.has(key) && begun.has(key) && sent.has(key) && (held.has(key) || !seen);
  });
  if (lost !== undefined) return overwritten(input, lost.record, [...left.values()]);
  if (done.length > 0) return { verdict: 'clean' };
  return judgeOpaque(input, Math.max(1, ours.add.size + ours.remove.size));
}

/**
 * Whether all that we wrote came and went after we had looked. That an element once came or went as we wrote it proves
 * nothing: an undo adds what was there seconds ago, and it came then, too. So what was taken back right about our look
 * may be older than our write, and where only a part of our write is told, somebody else may have done that part.
 */
export function setHappened(input: WitnessInput): 'yes' | 'no' | 'unclear' {
  const ours = deltaOf(input, input.write);
  const atoms = atomsOf(input);
  const found = (['add', 'remove'] as const).flatMap((sign) =>
    [...ours[sign]].map((key) =>
      elementHappened(
        input,
        sign,
        atoms.filter((atom) => atom.key === key),
      ),
    ),
  );
  if (found.every((one) => one === 'no')) return 'no';
  return found.every((one) => one === 'yes') ? 'yes' : 'unclear';
}

/** @param atoms of one element, oldest first */
function elementHappened(
  input: WitnessInput,
  sign: Atom['sign'],
  atoms: readonly Atom[],
): 'yes' | 'no' | 'unclear' {
  const last = atoms.findLastIndex((atom) => atom.sign === sign);
  if (last < 0) return 'no';
  const takenBack = atoms[last + 1];
  // When we looked it was not so: nothing took it back since, or it was surely taken back after our look.
  return takenBack === undefined || surelyAfterLook(takenBack.record.at, input.times) ? 'yes' : 'unclear';
}

/** An element that we took away, too, was first edited to something that we do not know. */
function leadsElsewhere(input: WitnessInput, ours: ReturnType<typeof deltaOf>, { became }: Atom): boolean {
  return became !== null && !ours.add.has(became) && !keysOf(input, input.write.before).has(became);
}

/** By what the field held and was to hold, so that the way in which it was sent does not count. */
function deltaOf(input: WitnessInput, write: FieldWrite): Record<Atom['sign'], ReadonlySet<string>> {
  const before = keysOf(input, write.before);
  const after = keysOf(input, write.after);
  const without = (keys: ReadonlySet<string>, other: ReadonlySet<string>) =>
    new Set([...keys].filter((key) => !other.has(key)));
  return { add: without(after, before), remove: without(before, after) };
}

/** Oldest first. What one author took away and added in one moment only moved: an address becomes the primary one. */
function atomsOf(input: WitnessInput): Atom[] {
  const atoms: Atom[] = [];
  for (const record of input.records) {
    for (const { field, from, to } of record.changes ?? []) {
      if (field !== input.name) continue;
      for (const [sign, value] of [['remove', from] as const, ['add', to] as const]) {
        if (value === undefined || value === null || value.trim() === '') continue;
        const became = sign === 'remove' && to ? keyOf(input, to) : null;
        const atom: Atom = { record, sign, value, key: keyOf(input, value), became };
        const moved = atoms.findIndex(
          (other) => other.key === atom.key && other.sign !== sign && oneMoment(other.record, record),
        );
        if (moved >= 0) atoms.splice(moved, 1);
        else atoms.push(atom);
      }
    }
  }
  return atoms;
}

/** Their id; null where there are several, or it is not told. */
function onlyAuthor(atoms: readonly Atom[]): string | null {
  const ids = new Set(atoms.map(({ record }) => record.author?.id ?? null));
  const [id] = ids;
  return ids.size === 1 ? (id ?? null) : null;
}

function oneMoment(a: ChangeRecord, b: ChangeRecord): boolean {
  return a.at !== null && a.at === b.at && samePerson(a, b);
}

/** False where the history does not say. */
function samePerson({ author: a }: ChangeRecord, { author: b }: ChangeRecord): boolean {
  if (a === null || b === null) return false;
  if (a.id !== null || b.id !== null) return a.id === b.id;
  return a.name !== null && a.name === b.name;
}

function keysOf(input: WitnessInput, value: FieldWrite['after']): Set<string> {
  return new Set(asElements(value).map((element: Element) => keyOf(input, element.value)));
}

function keyOf({ spec, region }: WitnessInput, value: string): string {
  return normalizeText(spec.equivalence, value, region);
}
