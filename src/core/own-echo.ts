/**
 * Our own writes come back: as a callback, or as a line of a customer's history. Looking at the customer because of them
 * would cost a call per write, and show what we know (P4). A change is taken for the echo of a write of ours only when it
 * goes from what that write replaced to what it left, in a field that it wrote, and the mirror holds exactly that now;
 * each write stands for one change of each field. Any doubt means: look (docs/decisions/0019-own-write-ledger.md).
 *
 * Nothing can be lost by it (P2): what is not looked at says that the customer holds what the mirror holds already, and
 * whoever edits it after that is told by a change of his own, whose value is another one, or found by the next sweep, as
 * when a callback is lost.
 */
import { asElements, equalValues, normalizeText } from './equivalence.ts';
import type { SideName, SideRecord } from './record.ts';
import { type FieldSpec, type PairSpec, sideField } from './spec.ts';
import { isBlank, isSet, type Value } from './value.ts';

/** One change as the side tells it, in its own values: of a set field, one element. Null: nothing. */
export interface ToldChange {
  /** The side's own names of the field; several where the words do not say which one is meant (an address). */
  readonly fields: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
}

/** One field of a settled write of ours whose echo has not come yet. */
export interface OwnEntry {
  readonly intentId: string;
  /** The side's own name. */
  readonly field: string;
  readonly before: Value;
  /** What the side held after the write. */
  readonly held: Value;
}

export interface EchoInput {
  readonly spec: PairSpec;
  readonly side: SideName;
  /** All that one callback, or one line, says. */
  readonly told: readonly ToldChange[];
  /** Of this record, oldest first. */
  readonly entries: readonly OwnEntry[];
  /** The record as the mirror holds it. */
  readonly mirror: SideRecord;
}

/** The entries whose echo it is, or null when anything of it is not surely ours. */
export function ownEcho(input: EchoInput): readonly OwnEntry[] | null {
  const byField = new Map<string, ToldChange[]>();
  for (const change of input.told) {
    if (!change.fields.some((name) => input.entries.some(({ field }) => field === name))) return null;
    for (const name of change.fields) byField.set(name, [...(byField.get(name) ?? []), change]);
  }
  const used: OwnEntry[] = [];
  for (const [name, changes] of byField) {
    if (!isMirrored(input, name, changes)) return null;
    const own = input.entries.filter(({ field }) => field === name);
    const entry = own.find((one) => explains(input, one, changes));
    if (entry !== undefined) used.push(entry);
    // Another name of the same change, which we did not write, is explained by the one that we did.
    else if (own.length > 0) return null;
  }
  return used.length === 0 ? null : used;
}

function explains(
  input: EchoInput,
  { field, before, held }: OwnEntry,
  changes: readonly ToldChange[],
): boolean {
  const spec = specOf(input, field);
  if (spec === undefined) return false;
  if (spec.shape === 'set') {
    const now = keysOf(input, spec, held);
    const then = keysOf(input, spec, before);
    const { added, removed } = netOf(changes, (text) => keyOf(input, spec, text));
    return same(added, without(now, then)) && same(removed, without(then, now));
  }
  const [only, ...more] = changes;
  if (only === undefined || more.length > 0) return false;
  return isTold(input, spec, only.from, before) && isTold(input, spec, only.to, held);
}

/** Whether the mirror shows what is told: then looking would tell nothing new. */
function isMirrored(input: EchoInput, name: string, changes: readonly ToldChange[]): boolean {
  const spec = specOf(input, name);
  const value = input.mirror.fields[name];
  // Not mapped, and not in the mirror: nobody depends on it.
  if (value === undefined) return spec === undefined;
  if (isSet(value)) {
    const key = (text: string) => (spec === undefined ? text.trim() : keyOf(input, spec, text));
    const now = new Set(asElements(value).map((element) => key(element.value)));
    const { added, removed } = netOf(changes, key);
    return [...added].every((one) => now.has(one)) && ![...removed].some((one) => now.has(one));
  }
  const [only, ...more] = changes;
  if (only === undefined || more.length > 0) return false;
  if (spec !== undefined) return isTold(input, spec, only.to, value);
  return isBlank(only.to) ? isBlank(value) : only.to?.trim() === String(value).trim();
}

/** What came and what went, all changes taken together: an address that only moved did neither. */
function netOf(changes: readonly ToldChange[], key: (text: string) => string) {
  const keys = (which: 'from' | 'to') =>
    new Set(changes.flatMap((change) => (isBlank(change[which]) ? [] : [key(change[which] ?? '')])));
  const [from, to] = [keys('from'), keys('to')];
  return { added: without(to, from), removed: without(from, to) };
}

function isTold({ spec: { match } }: EchoInput, spec: FieldSpec, told: string | null, value: Value): boolean {
  if (isBlank(told)) return isBlank(value);
  return !isBlank(value) && equalValues(spec, told, value, match.defaultRegion);
}

function specOf({ spec, side }: EchoInput, name: string): FieldSpec | undefined {
  return spec.fields.find((field) => sideField(field, side) === name);
}

function keyOf({ spec: { match } }: EchoInput, { equivalence }: FieldSpec, text: string): string {
  return normalizeText(equivalence, text, match.defaultRegion);
}

function keysOf(input: EchoInput, spec: FieldSpec, value: Value): Set<string> {
  return new Set(asElements(value).map((element) => keyOf(input, spec, element.value)));
}

function without(keys: ReadonlySet<string>, other: ReadonlySet<string>): Set<string> {
  return new Set([...keys].filter((key) => !other.has(key)));
}

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}
