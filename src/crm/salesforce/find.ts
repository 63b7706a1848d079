/** Live records by a key. The query finds too many rather than too few; what is really equal the core's rule decides. */
import { normalizeText } from '../../core/equivalence.ts';
import type { SideRecord } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { holdsKey } from '../holds-key.ts';
import { decode } from './decode.ts';
import { queryBatches, type Reader } from './query.ts';
import { selectList } from './shape.ts';
import { likeEnd, literal, queryText } from './soql.ts';

/** More rows than this for one key: its pattern says nothing. */
const MAX_ROWS = 20_000;

export async function lookup(
  reader: Reader,
  kind: MatchKeyKind,
  value: string,
  options: CallOptions = {},
): Promise<SideRecord[]> {
  if (value.trim() === '' || value.includes('\0') || !value.isWellFormed()) return [];
  const condition = conditionOf(reader, kind, value);
  if (condition === null) return [];
  const { shape } = reader;
  const soql = queryText({
    select: selectList(shape),
    from: shape.object.name,
    where: [condition],
    orderBy: 'Id',
  });
  const found: SideRecord[] = [];
  let rows = 0;
  for await (const batch of queryBatches(reader, soql, options)) {
    rows += batch.rows.length;
    if (rows > MAX_ROWS)
      throw notUnderstood(batch.answer.context, `more than ${MAX_ROWS} records look like one key`);
    for (const row of batch.rows) {
      const decoded = decode(shape, row);
      if (decoded.kind === 'dropped')
        throw notUnderstood(batch.answer.context, `a record ${decoded.dropped.reason}`);
      if (decoded.kind === 'live' && holdsKey(reader, decoded.record, kind, value))
        found.push(decoded.record);
    }
  }
  return found;
}

function conditionOf(reader: Reader, kind: MatchKeyKind, value: string): string | null {
  const { shape, fields, region } = reader;
  if (kind === 'token') {
    const { externalId } = shape;
    return externalId === null ? null : `${externalId.name} = ${literal(value)}`;
  }
  const equivalence = kind === 'email' ? 'email' : 'phone';
  const mapped = fields.filter((field) => field.equivalence === equivalence).map(({ name }) => name);
  const sources = shape.places
    .filter(({ field }) => mapped.includes(field))
    .flatMap((place) => place.sources);
  if (sources.length === 0) return null;
  const test = kind === 'email' ? `= ${literal(value.trim())}` : phoneTest(value, region);
  return `(${sources.map(({ name }) => `${name} ${test}`).join(' OR ')})`;
}

function phoneTest(value: string, region: string): string {
  const normalized = normalizeText('phone', value, region);
  const digits = normalized.replace(/;ext=.*/, '').replace(/\D/g, '');
  if (digits === '') return `= ${literal(normalized)}`;
  return `LIKE ${likeEnd(digits)}`;
}
