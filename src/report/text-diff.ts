/** In which characters a text differs from another: the pages and the terminal mark the same. Pure. */
import { type Change, diffChars } from 'diff';

/** Beyond this many differing characters two texts have little in common, and marks would only confuse. */
const MAX_EDITS = 120;
const LONGEST = 4_000;

export interface TextPart {
  readonly text: string;
  /** The other text does not have it there. */
  readonly differs: boolean;
}

/** What a side held when both agreed, and what it holds now: entry by entry, a single value as one entry. */
export interface Edit {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** All of `text` differs when the two have too little in common; nothing does where there is no other. */
export function differences(text: string, other: string | null): readonly TextPart[] {
  const same = [{ text, differs: false }];
  if (other === null || other === '' || text === other || isLong(text, other)) return same;
  const parts = changesBetween(other, text);
  if (parts === null) return [{ text, differs: true }];
  return parts.filter(({ removed }) => !removed).map(({ added, value }) => ({ text: value, differs: added }));
}

/** Per entry of a set: all of it differs where the others lack it, its characters where it took a similar one's place. */
export function entryDifferences(
  entries: readonly string[],
  others: readonly string[],
): readonly (readonly TextPart[])[] {
  return entries.map((text) => {
    if (others.includes(text)) return [{ text, differs: false }];
    const replaced = counterpart(entries, others);
    const parts = replaced === null ? [] : differences(text, replaced);
    // Where the edit only took characters away, they are marked in what both agreed on.
    return parts.some(({ differs }) => differs) ? parts : [{ text, differs: true }];
  });
}

/** Per agreed entry, what a side has not kept of it: an edit that only takes away leaves nothing to mark where it was made. */
export function losses(
  agreed: readonly string[],
  edits: readonly Edit[],
  isSet: boolean,
): readonly (readonly TextPart[])[] {
  return agreed.map((text) => {
    const lost = edits.flatMap(({ from, to }) =>
      from.includes(text) && !to.includes(text) ? [lostOf(text, counterpart(from, to), isSet)] : [],
    );
    return partsOf(text, (at) => lost.some((isLost) => isLost(at)));
  });
}

/** By place in the text. A single value that was replaced as a whole has lost nothing in particular. */
function lostOf(text: string, now: string | null, isSet: boolean): (at: number) => boolean {
  const whole = () => isSet;
  if (now === null || now === '') return whole;
  const parts = isLong(text, now) ? null : changesBetween(text, now);
  if (parts === null) return whole;
  const kept = parts.filter(({ added }) => !added);
  const lost = kept.flatMap(({ removed, value }) => Array<boolean>(value.length).fill(removed));
  return (at) => lost[at] === true;
}

function partsOf(text: string, differsAt: (at: number) => boolean): readonly TextPart[] {
  const parts: { text: string; differs: boolean }[] = [];
  for (let at = 0; at < text.length; at++) {
    const last = parts.at(-1);
    const differs = differsAt(at);
    if (last?.differs === differs) last.text += text[at];
    else parts.push({ text: text[at] ?? '', differs });
  }
  return parts;
}

/** Of `others`, the one that stands opposite an entry that they lack: known where each list has one alone of its own. */
function counterpart(entries: readonly string[], others: readonly string[]): string | null {
  const own = entries.filter((entry) => !others.includes(entry));
  const [opposite, ...more] = others.filter((entry) => !entries.includes(entry));
  return own.length === 1 && more.length === 0 ? (opposite ?? null) : null;
}

function isLong(one: string, two: string): boolean {
  return one.length > LONGEST || two.length > LONGEST;
}

/** Null where they have too little in common. */
function changesBetween(before: string, after: string): readonly Change[] | null {
  const parts = diffChars(before, after, { maxEditLength: MAX_EDITS });
  const same =
    parts?.filter(({ added, removed }) => !added && !removed).reduce((n, { value }) => n + value.length, 0) ??
    0;
  return parts === undefined || same * 3 < after.length ? null : parts;
}
