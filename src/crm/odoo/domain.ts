/** Search domains of Odoo (prefix notation; without an operator its members are joined by and). Pure. */

import { normalizeText } from '../../core/equivalence.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import type { OdooConfig } from './config.ts';

export type Leaf = readonly [field: string, operator: string, value: unknown];
export type Domain = readonly (Leaf | '&' | '|' | '!')[];

/** Addresses of a contact are partners of their own, and nobody: they have a street and no name. */
const ADDRESSES = ['invoice', 'delivery', 'private'];

/** The partners that are customers, archived ones included. */
export function scopeOf(config: Pick<OdooConfig, 'records' | 'internalUsers' | 'domain'>): Domain {
  const kind: Domain = config.records === 'all' ? [] : [['is_company', '=', config.records === 'companies']];
  return [
    ...kind,
    ['type', 'not in', ADDRESSES],
    ...(config.internalUsers ? [] : ([['partner_share', '=', true]] satisfies Domain)),
    ...(config.domain as Domain),
  ];
}

/** Joins by or; null where there is nothing to join. */
export function anyOf(leaves: readonly Leaf[]): Domain | null {
  if (leaves.length === 0) return null;
  return [...leaves.slice(1).map(() => '|' as const), ...leaves];
}

/** In `ilike` a backslash would take the meaning from what follows it; `%` and `_` find too many, which is no harm. */
export function likeText(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

/**
 * Records that may hold this key, too many rather than too few: what is really equal is decided by the core's rule.
 * Odoo keeps numbers as they were typed, so a number is looked for by its last digits with anything between them.
 */
export function keyDomain(
  kind: Exclude<MatchKeyKind, 'token'>,
  fields: readonly string[],
  value: string,
  region: string,
): Domain | null {
  const text =
    kind === 'email' ? likeText(value.trim()) : phonePattern(normalizeText('phone', value, region));
  return text === '' ? null : anyOf(fields.map((field): Leaf => [field, 'ilike', text]));
}

const TELLING_DIGITS = 7;

function phonePattern(normalized: string): string {
  const digits = normalized.replaceAll(/;.*$/g, '').replaceAll(/\D/g, '');
  return digits === '' ? likeText(normalized) : [...digits.slice(-TELLING_DIGITS)].join('%');
}
