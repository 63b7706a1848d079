/** What a side's manifest and report mean for the mapping of a pair, in words. Pure. */
import type { PairConfig } from '../config/schema.ts';
import type { Manifest, SideName } from '../core/record.ts';
import { type FieldSpec, flowsTo, sideField } from '../core/spec.ts';
import { type SideFacts, unsafeCombinations } from '../core/unsafe-combinations.ts';
import type { Finding } from '../crm/adapter.ts';
import { didYouMean } from '../lib/suggest.ts';

/** Mapped fields that this side does not have, cannot write, or holds in another shape: all of them. */
export function mappingFindings(
  side: SideName,
  fields: readonly FieldSpec[],
  manifest: Manifest,
  known: readonly string[] | null,
): Finding[] {
  return fields.flatMap((spec): Finding[] => {
    const name = sideField(spec, side);
    const at = `fields: { udesk: ${spec.udesk}, crm: ${spec.crm} }`;
    const problem = (message: string, advice: string): Finding => ({
      level: 'problem',
      message: `${at}: ${message}`,
      advice,
    });
    if (known !== null && !known.includes(name)) {
      return [
        problem(
          `${title(side)} has no field "${name}".${didYouMean(name, known)}`,
          known.length === 0 ? 'Take the field out.' : `It has: ${known.join(', ')}.`,
        ),
      ];
    }
    const findings: Finding[] = [];
    if (manifest.readOnlyFields.includes(name) && flowsTo(spec, side)) {
      const direction = side === 'udesk' ? 'to-crm' : 'to-udesk';
      findings.push(problem(`"${name}" cannot be written in ${title(side)}`, `Set direction: ${direction}.`));
    }
    const isSet = manifest.setFields.includes(name);
    if (isSet !== (spec.shape === 'set')) {
      findings.push(
        problem(
          isSet
            ? `"${name}" holds several values in ${title(side)}, and ${spec.udesk} is mapped as one`
            : `${spec.udesk} holds several values, and "${name}" holds one in ${title(side)}`,
          'Map fields of the same kind: several values to several, one to one.',
        ),
      );
    }
    return findings;
  });
}

/** What the pair asks for and its sides cannot keep, by name. */
export function combinationFindings(
  pair: Pick<PairConfig, 'match' | 'create' | 'deletes'>,
  fields: readonly FieldSpec[],
  sides: Readonly<Partial<Record<SideName, SideFacts>>>,
): (Finding & { readonly side: SideName })[] {
  return unsafeCombinations({ ...pair, fields }, sides).map(({ verdict, message, ...rest }) => ({
    ...rest,
    level: verdict === 'refused' ? 'problem' : verdict,
    message: `${rest.code}: ${message}`,
  }));
}

/** What this side can do, and what the engine does instead. */
export function capabilities(manifest: Manifest, mapped: readonly string[]): string[] {
  const { changeCursor, enumerationCap, externalId } = manifest;
  const words = [
    changeCursor === null
      ? 'every look reads the whole list'
      : `a look reads what changed, and ${changeCursor.overlapMs / 1000} s before that`,
    manifest.visibleDeletes
      ? 'deletions are visible'
      : manifest.mayHide
        ? 'a record out of sight may only be hidden from our login: no absence counts as a deletion'
        : 'a deletion is an absence: proven by a complete list and a point read',
    manifest.compareAndSet
      ? 'an update is refused when the record moved meanwhile'
      : 'an update is preceded by a point read, because nothing refuses it when the record moved',
    externalId === null
      ? 'keeps no id of the other side: a create whose answer was lost is found by e-mail or phone'
      : `keeps the id of the other side${externalId.unique ? ', once each' : ''}`,
  ];
  if (enumerationCap !== null) words.push(`its list reaches ${enumerationCap} records`);
  if (!manifest.canDelete) words.push('cannot delete');
  if (manifest.tellsAuthor === true) words.push('tells who changed a record last');
  if (manifest.rateLimit !== null)
    words.push(`lets us make ${manifest.rateLimit.calls} calls in ${manifest.rateLimit.windowMs / 1000} s`);
  for (const [field, room] of Object.entries(manifest.capacity)) {
    if (mapped.includes(field)) words.push(`${field} has room for ${room}`);
  }
  return words;
}

/** `0.4 s ahead of ours`; null skew: not known. */
export function clockWords(skewMs: number | null): string {
  if (skewMs === null) return 'clock unknown';
  const seconds = Math.abs(skewMs) / 1000;
  if (seconds < 2) return 'clock as ours';
  return `clock ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours`;
}

function title(side: SideName): string {
  return side === 'udesk' ? 'Udesk' : 'the CRM';
}
