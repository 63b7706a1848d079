/**
 * A change of the e-mails of a contact as steps that HubSpot knows. The primary one is a property and is written as one; the
 * others are added and removed one by one ("Add a secondary email address", "Delete a secondary email address"): the
 * property that lists them is not written. Pure.
 */
import { normalizeText } from '../../core/equivalence.ts';
import type { Held, SetEdit } from '../set-edit.ts';

export interface EmailSteps {
  /** The new primary one, '' for none; null: it stays. */
  readonly primary: string | null;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/**
 * Who is primary stays primary, and an edited primary is edited in place. Where it is taken away, the first new address
 * follows, else the next one that is there.
 * @param held the primary one first (value null where there is none), then the others
 */
export function emailSteps(held: readonly Held[], edit: SetEdit & { ok: true }): EmailSteps {
  const after = held.map(({ value }, at) => (edit.changed.has(at) ? (edit.changed.get(at) ?? null) : value));
  const [kept, ...others] = after;
  const rest = [...others, ...edit.added].filter((value) => value !== null);
  const next = kept ?? edit.added[0] ?? others.find((value) => value !== null) ?? '';
  const before = held[0]?.value ?? '';
  const secondary = unique(rest).filter((value) => !same(value, next));
  const known = held.slice(1).flatMap(({ value }) => (value === null ? [] : [value]));
  const stays = (value: string) => same(value, next) || secondary.some((one) => same(one, value));
  return {
    primary: same(before, next) ? null : next,
    add: secondary.filter((value) => !known.some((one) => same(one, value))),
    // The old primary one may become one of the others when it is replaced.
    remove: unique([...known, ...(before === '' ? [] : [before])]).filter((value) => !stays(value)),
  };
}

export function same(a: string, b: string): boolean {
  return normalizeText('email', a, '') === normalizeText('email', b, '');
}

function unique(values: readonly string[]): string[] {
  return values.filter((value, at) => values.findIndex((other) => same(other, value)) === at);
}
