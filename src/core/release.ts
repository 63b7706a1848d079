/**
 * Release before claim (sync design §8): an e-mail or a phone belongs to one record of a side, so whoever takes it over
 * waits until the other has given it up. Where records wait for one another in a circle (two people swap their phones),
 * one of them gives up first, and claims afterwards. Pure.
 */
import { asElements, normalizeText } from './equivalence.ts';
import type { FieldBase, HalfWrite } from './link.ts';
import { type FieldWrite, otherSide, type Patch, type SideName, type SideRecord } from './record.ts';
import { type FieldSpec, type PairSpec, sideField } from './spec.ts';
import type { Value } from './value.ts';

/** Keys (kind and normalised value) that a write takes for its record, and those that it gives up. */
export interface UniqueKeys {
  readonly claims: ReadonlySet<string>;
  readonly releases: ReadonlySet<string>;
}

export function uniqueKeysOf(spec: PairSpec, patch: Patch): UniqueKeys {
  const claims = new Set<string>();
  const releases = new Set<string>();
  for (const write of Object.values(patch)) {
    const field = uniqueField(spec, write);
    if (field === null) continue;
    const [before, after] = [keysOf(spec, field, write.before), keysOf(spec, field, write.after)];
    for (const key of after) if (!before.has(key)) claims.add(key);
    for (const key of before) if (!after.has(key)) releases.add(key);
  }
  return { claims, releases };
}

/** What the deletion of this record gives up. */
export function deletedKeysOf(spec: PairSpec, side: SideName, fields: SideRecord['fields']): UniqueKeys {
  const held = uniqueFields(spec).flatMap((field) => [
    ...keysOf(spec, field, fields[sideField(field, side)] ?? null),
  ]);
  return { claims: new Set(), releases: new Set(held) };
}

/** The fields of a pair whose values belong to one record of a side. */
export function uniqueFields(spec: PairSpec): FieldSpec[] {
  return spec.fields.filter(isUnique);
}

/** Such a key as the match key that the mirror is looked up by (match.ts). */
export function matchKeyOf(key: string): string {
  return key.replace(/^phone:/, 'cellphone:');
}

/** Whether one gives up what the other takes. */
export function blocks(holder: UniqueKeys, claimant: UniqueKeys): boolean {
  return [...claimant.claims].some((key) => holder.releases.has(key));
}

/** By waiting write the one that it waits for. @returns one write of each circle, always the same one. */
export function circles(waitsFor: ReadonlyMap<string, string>): string[] {
  const chosen = new Set<string>();
  const seen = new Set<string>();
  for (const start of [...waitsFor.keys()].sort(byNumber)) {
    const path: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !seen.has(at) && !path.includes(at)) {
      path.push(at);
      at = waitsFor.get(at);
    }
    if (at !== undefined && path.includes(at)) {
      const [first] = path.slice(path.indexOf(at)).sort(byNumber);
      if (first !== undefined) chosen.add(first);
    }
    for (const id of path) seen.add(id);
  }
  return [...chosen];
}

export interface Release {
  readonly patch: Patch;
  readonly halves: Readonly<Record<string, HalfWrite>>;
}

/**
 * The part of an update that gives unique values up, as a write of its own. Settling it agrees on the removals and on
 * nothing else, so that what the record is to claim stays an edit of the other side: the next plan writes it. Null
 * where it gives nothing up.
 */
export function releaseOf(
  spec: PairSpec,
  side: SideName,
  patch: Patch,
  bases: Readonly<Record<string, FieldBase>>,
): Release | null {
  const released: Record<string, FieldWrite> = {};
  const halves: Record<string, HalfWrite> = {};
  for (const [name, write] of Object.entries(patch)) {
    const field = uniqueField(spec, write);
    if (field === null || field.shape !== 'set') continue;
    const keyOf = (value: string) => normalizeText(field.equivalence, value, spec.match.defaultRegion);
    const stays = keysOf(spec, field, write.after);
    const isGone = ({ value }: { readonly value: string }) =>
      !stays.has(`${field.equivalence}:${keyOf(value)}`);
    const remove = asElements(write.before).filter(isGone);
    if (remove.length === 0) continue;
    released[name] = {
      field: write.field,
      before: write.before,
      after: asElements(write.before).filter((element) => !isGone(element)),
      ops: { add: [], remove, change: [] },
    };
    const base = bases[write.field] ?? null;
    const gone = new Set(remove.map(({ value }) => keyOf(value)));
    const other = asElements(base?.[otherSide(side)] ?? []).filter(({ value }) => !gone.has(keyOf(value)));
    halves[write.field] = { other, base };
  }
  return Object.keys(released).length === 0 ? null : { patch: released, halves };
}

function uniqueField(spec: PairSpec, write: FieldWrite): FieldSpec | null {
  return uniqueFields(spec).find(({ udesk }) => udesk === write.field) ?? null;
}

function isUnique({ equivalence }: FieldSpec): boolean {
  return equivalence === 'email' || equivalence === 'phone';
}

function keysOf(spec: PairSpec, { equivalence }: FieldSpec, value: Value): Set<string> {
  const region = spec.match.defaultRegion;
  return new Set(
    asElements(value).map((element) => `${equivalence}:${normalizeText(equivalence, element.value, region)}`),
  );
}

/** Ids are texts of whole numbers. */
function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
