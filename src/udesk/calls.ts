/** What the groups of calls share: lists with their pages, and "not found" as an answer. */
import { SyncError } from '../errors.ts';
import type { DecodedList } from './element.ts';
import { arrayOf } from './errors.ts';
import { isObject } from './json.ts';
import { mayMeanNotFound, type NotFoundJudge } from './not-found.ts';
import type { Call, Transport } from './transport.ts';

export interface RawPage {
  /** Undecoded rows. */
  readonly rows: readonly unknown[];
  /** What Udesk says that there is in all; null when it does not say. */
  readonly total: number | null;
  readonly totalPages: number | null;
}

export interface DecodedPage<T> extends DecodedList<T> {
  readonly total: number | null;
  readonly totalPages: number | null;
}

export type ListCall = Omit<Call, 'method' | 'write' | 'expects'>;

/** The rows under the first of `keys` that the answer holds; none of them is an error and never "0 rows" (api.md §10.3). */
export async function list(
  transport: Transport,
  call: ListCall,
  ...keys: readonly [string, ...string[]]
): Promise<RawPage> {
  const { body, context } = await transport.run({ ...call, method: 'GET', write: false, expects: keys[0] });
  const key = keys.find((name) => body[name] !== undefined) ?? keys[0];
  const rows = arrayOf(body, key, context);
  const meta = isObject(body.meta) ? body.meta : {};
  // `count` is what agents and groups called it in the first generation (api.md §5).
  return { rows, total: count(meta.total_count ?? meta.count), totalPages: count(meta.total_pages) };
}

/** A page of `rows` decoded; unreadable ones are counted in `dropped`. */
export function decodedPage<T>(
  page: RawPage,
  decode: (rows: readonly unknown[]) => DecodedList<T>,
): DecodedPage<T> {
  return { ...decode(page.rows), total: page.total, totalPages: page.totalPages };
}

/**
 * All pages of a list one after the other, for lists of settings that are short and rarely change.
 * @param maxPages 100 unless told: what the vendor documents as the last page of organizations
 * @returns `complete` is false when there are more pages than that
 */
export async function allPages<T>(
  read: (page: number) => Promise<DecodedPage<T>>,
  maxPages = 100,
): Promise<DecodedList<T> & { readonly complete: boolean }> {
  const items: T[] = [];
  const dropped: DecodedList<T>['dropped'][number][] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const one = await read(page);
    items.push(...one.items);
    dropped.push(...one.dropped);
    const rows = one.items.length + one.dropped.length;
    if (rows === 0 || (one.totalPages !== null && page >= one.totalPages)) {
      return { items, dropped, complete: true };
    }
  }
  return { items, dropped, complete: false };
}

/** The result of `work`, or null when its refusal is proven to mean that there is no such record. */
export async function orNotFound<T>(
  judge: NotFoundJudge,
  work: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!mayMeanNotFound(error)) throw error;
    await judge.confirm(error, signal);
    return null;
  }
}

/**
 * A write to one record; null: there is none. The same code means something that Udesk refuses to do: only a lookup tells the two apart.
 * @param look null: there is none
 */
export async function orGone<T>(work: () => Promise<T>, look: () => Promise<unknown>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!mayMeanNotFound(error)) throw error;
    if ((await look()) === null) return null;
    throw error;
  }
}

/** An empty or overlong selector would be refused with the code that also means "not found"; a matter of that record. */
export function requireSelector(type: string, content: string): void {
  const broken = content.trim() === '' || content.length > 255 || (type === 'id' && !/^\d+$/.test(content));
  if (broken)
    throw new SyncError('rejected', `nothing can be looked up by this ${type}`, { code: 'selector' });
}

/** Ids that go into a path. */
export function requireId(id: string): string {
  if (/^\d{1,20}$/.test(id)) return id;
  throw new SyncError('rejected', 'an id that is not a number', { code: 'selector' });
}

/** The newest row's id as text, for the proof of a "not found". */
export function firstId(rows: readonly unknown[]): string | null {
  const [first] = rows;
  return isObject(first) ? String(first.id) : null;
}

export function count(raw: unknown): number | null {
  const value = typeof raw === 'string' && /^\d+$/.test(raw) ? Number(raw) : raw;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
