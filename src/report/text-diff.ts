/** In which characters a text differs from another: the pages and the terminal mark the same. Pure. */
import { diffChars } from 'diff';

/** Beyond this many differing characters two texts have little in common, and marks would only confuse. */
const MAX_EDITS = 120;
const LONGEST = 4_000;

export interface TextPart {
  readonly text: string;
  /** The other text does not have it there. */
  readonly differs: boolean;
}

/** All of `text` differs when the two have too little in common; nothing does where there is no other. */
export function differences(text: string, other: string | null): readonly TextPart[] {
  const same = [{ text, differs: false }];
  if (other === null || other === '' || text === other) return same;
  if (text.length > LONGEST || other.length > LONGEST) return same;
  const parts = diffChars(other, text, { maxEditLength: MAX_EDITS });
  const kept =
    parts?.filter(({ added, removed }) => !added && !removed).reduce((n, { count }) => n + count, 0) ?? 0;
  if (parts === undefined || kept * 3 < text.length) return [{ text, differs: true }];
  return parts.filter(({ removed }) => !removed).map(({ added, value }) => ({ text: value, differs: added }));
}
