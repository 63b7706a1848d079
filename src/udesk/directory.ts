/** Agents, agent groups, organizations and saved filters (udesk/api.md §2 C8, §9), each in one form. */
import { idText, Unreadable } from './decode-lists.ts';
import { type DecodedList, decodeEach, looseText, plainJson, refuseContradictions } from './element.ts';
import type { JsonObject } from './json.ts';

/** Owners are mapped by e-mail, groups and organizations by name. */
export interface DirectoryEntry {
  readonly kind: 'agent' | 'group' | 'organization';
  readonly id: string;
  readonly name: string | null;
  /** Agents only. */
  readonly email: string | null;
  /** The other members in the vendor's names, as plain JSON. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface SavedFilter {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

export function decodeDirectory(
  kind: DirectoryEntry['kind'],
  rows: readonly unknown[],
): DecodedList<DirectoryEntry> {
  return decodeEach(rows, (raw) => {
    refuseContradictions(raw, kind);
    const { id: rawId, name, nick_name, email, ...rest } = raw;
    return {
      kind,
      id: requireId(rawId),
      name: looseText(kind === 'agent' ? (nick_name ?? name) : name),
      email: looseText(email) || null,
      data: plainJson(rest) as Record<string, unknown>,
    };
  });
}

export function decodeFilters(rows: readonly unknown[]): DecodedList<SavedFilter> {
  return decodeEach(rows, (raw: JsonObject) => {
    refuseContradictions(raw, 'filter');
    const { active } = raw;
    return {
      id: requireId(raw.id),
      name: looseText(raw.name) ?? '',
      // Only a filter that says so is out of use.
      active: active !== false && active !== 0 && active !== 'false',
    };
  });
}

function requireId(raw: unknown): string {
  const id = idText(raw);
  if (id === null) throw new Unreadable('id: missing or not a number');
  return id;
}
