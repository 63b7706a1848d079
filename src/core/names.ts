/**
 * Fields that hold a reference (an owner, a group, an organization) and travel by name: which names there are, and what
 * a text of the CRM means among them. Never guessed: a name that several hold means none of them (promise P1). Pure.
 */
import { normalizeText } from './equivalence.ts';
import type { Equivalence } from './spec.ts';

/** One agent, group or organization. */
export interface NamedEntry {
  readonly id: string;
  /** By which it travels: as it was first seen, or as a person accepted it. Null: it has none. */
  readonly word: string | null;
  /** What it is called today. */
  readonly today: string | null;
  /** Not among them any more; its name is still known. */
  readonly gone: boolean;
}

export type FoundName =
  | { readonly kind: 'one'; readonly id: string; readonly word: string; readonly gone: boolean }
  | { readonly kind: 'several' }
  | { readonly kind: 'unknown' };

export interface NameBook {
  /** Undefined: the id is not known. */
  entry(id: string): NamedEntry | undefined;
  /** By the name that travels, else by today's, else by the name of one that is gone. */
  find(text: string): FoundName;
  /** Whether several that are there travel by this name. */
  isShared(text: string): boolean;
}

export function createNameBook(entries: readonly NamedEntry[], equivalence: Equivalence): NameBook {
  const key = (text: string) => normalizeText(equivalence, text, '');
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const here = entries.filter((entry) => !entry.gone);
  const tiers = [
    index(here, (entry) => entry.word, key),
    index(here, (entry) => entry.today, key),
    index(
      entries.filter((entry) => entry.gone),
      (entry) => entry.word,
      key,
    ),
  ];
  return {
    entry: (id) => byId.get(id),
    find(text) {
      for (const tier of tiers) {
        const [only, ...others] = tier.get(key(text)) ?? [];
        if (only === undefined) continue;
        if (others.length > 0 || only.word === null) return { kind: 'several' };
        return { kind: 'one', id: only.id, word: only.word, gone: only.gone };
      }
      return { kind: 'unknown' };
    },
    isShared: (text) => (tiers[0]?.get(key(text))?.length ?? 0) > 1,
  };
}

function index(
  entries: readonly NamedEntry[],
  nameOf: (entry: NamedEntry) => string | null,
  key: (text: string) => string,
): ReadonlyMap<string, readonly NamedEntry[]> {
  const found = new Map<string, NamedEntry[]>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (entry.word === null || name === null || name.trim() === '') continue;
    const at = key(name);
    const held = found.get(at);
    if (held === undefined) found.set(at, [entry]);
    else held.push(entry);
  }
  return found;
}

/** Why a text that should be a name cannot be written as a reference; null when it can. Never with the text. */
export function nameTrouble(found: FoundName): string | null {
  if (found.kind === 'several') return 'is the name of several in Udesk';
  if (found.kind === 'unknown') return 'names nobody that Udesk knows';
  return found.gone ? 'names one that is not in Udesk any more' : null;
}
