/** Whether a record holds a key that people are matched by, compared as the pair compares. Pure. */
import { asElements, normalizeText } from '../core/equivalence.ts';
import type { SideRecord } from '../core/record.ts';
import type { MatchKeyKind } from '../core/spec.ts';
import type { AdapterContext } from './definition.ts';

export function holdsKey(
  { fields, region }: Pick<AdapterContext, 'fields' | 'region'>,
  record: SideRecord,
  kind: MatchKeyKind,
  value: string,
): boolean {
  if (kind === 'token') return record.externalId === value;
  const equivalence = kind === 'email' ? 'email' : 'phone';
  const wanted = normalizeText(equivalence, value, region);
  return fields
    .filter((field) => field.equivalence === equivalence)
    .flatMap((field) => asElements(record.fields[field.name] ?? null))
    .some((element) => normalizeText(equivalence, element.value, region) === wanted);
}
