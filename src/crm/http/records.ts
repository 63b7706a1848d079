/** Reads of one record. */
import type { SideRecord } from '../../core/record.ts';
import type { CallOptions } from '../adapter.ts';
import { type Answer, recordPath } from './api.ts';
import { decode, type Shape } from './decode.ts';
import type { Reader } from './pages.ts';
import { numberOf, valueAt } from './paths.ts';
import { ApiRefusal, isRefusal, notUnderstood } from './refusal.ts';

/** One record as the API shows it. */
export interface Fetched {
  readonly record: SideRecord;
  readonly raw: unknown;
  readonly etag: string | null;
}

/** Null when there is no such live record. */
export async function fetchRecord(
  reader: Reader,
  id: string,
  options: CallOptions = {},
): Promise<Fetched | null> {
  const { get } = reader.config;
  const path = recordPath(get.path, id);
  if (path === null) return null;
  let answer: Answer;
  try {
    answer = await reader.api.run({
      method: get.method,
      path,
      params: {
        ...get.params,
        ...(get.idIn === undefined ? {} : { [get.idIn]: idValue(reader, id, get.method) }),
      },
      write: false,
      signal: options.signal,
    });
  } catch (error) {
    if (isRefusal(error, 'not-found') || saysNotFound(get.notFound, error)) return null;
    throw error;
  }
  const raw = valueAt(answer.json, get.record ?? '');
  // Some say "no such record" with an empty answer.
  if (raw === null) return null;
  const decoded = decode(reader, raw);
  if (decoded.kind === 'dropped') throw notUnderstood(answer.context, decoded.dropped.reason);
  if (decoded.kind === 'deleted') return null;
  if (decoded.record.id !== id) throw notUnderstood(answer.context, 'the answer holds another record');
  return { record: decoded.record, raw, etag: answer.headers[get.etag.toLowerCase()] ?? null };
}

/** What the config says of `get` alone: elsewhere the same status means something else. */
function saysNotFound(rules: Shape['config']['get']['notFound'], error: unknown): boolean {
  if (!(error instanceof ApiRefusal)) return false;
  return rules.some(
    ({ status = error.status, code }) =>
      status === error.status && (code === undefined || String(code) === error.details.code),
  );
}

export function idValue({ config }: Shape, id: string, method: string): unknown {
  return config.idAs === 'number' && method !== 'GET' && /^\d{1,18}$/.test(id)
    ? numberOf(String(BigInt(id)))
    : id;
}
