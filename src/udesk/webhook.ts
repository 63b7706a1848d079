/**
 * What a push of Udesk says that we should look at (udesk/api.md §8). Pushes are unsigned, unordered, repeated and lost:
 * they become hints that name a record, never data. What one says that changed is only compared with what we wrote: the
 * echo of a write of ours need not be looked at. Pure, and never throws: whatever arrives, the answer is a list.
 */
import type { ToldChange } from '../core/own-echo.ts';
import { idText, Unreadable } from './decode-lists.ts';
import { decodePushChanges } from './decode-push-changes.ts';
import { refuseContradictions } from './element.ts';
import { parseFormBody } from './form-body.ts';
import { isObject, type JsonObject, parseUdeskJson } from './json.ts';
import { shapeOf } from './shape.ts';

export interface RecordHint {
  readonly kind: 'customer' | 'organization' | 'user-group';
  /** `activity`: something else that concerns this customer happened, such as a conversation. */
  readonly event: 'create' | 'update' | 'destroy' | 'activity';
  readonly id: string;
  /** Of an update: what it says that changed; null where it does not tell that clearly. */
  readonly changes?: readonly ToldChange[] | null;
}

/** The outcome of an asynchronous batch creation. */
export interface BatchResultHint {
  readonly kind: 'batch-result';
  /** Index into the customers that were posted, and the vendor's words; they may repeat customer data: not for logs. */
  readonly errors: readonly (readonly [index: number, message: string])[];
  readonly successCount: number | null;
  readonly failedCount: number | null;
}

export type WebhookHint = RecordHint | BatchResultHint;

export interface Push {
  readonly hints: readonly WebhookHint[];
  /** What named nothing that we know, with its shape and no content. */
  readonly ignored: readonly { readonly reason: string; readonly sample: string }[];
}

const EVENTS: Readonly<Record<string, readonly [RecordHint['kind'], RecordHint['event']]>> = {
  Customer_create: ['customer', 'create'],
  Customer_update: ['customer', 'update'],
  Customer_destroy: ['customer', 'destroy'],
  Organization_create: ['organization', 'create'],
  Organization_update: ['organization', 'update'],
  Organization_destroy: ['organization', 'destroy'],
  UserGroup_create: ['user-group', 'create'],
  UserGroup_update: ['user-group', 'update'],
  UserGroup_destroy: ['user-group', 'destroy'],
};

/**
 * @param body as it arrived; JSON or form-encoded, whatever its content type says
 * @param contentType of the request, where it had one
 */
export function parsePush(body: string, contentType = ''): Push {
  const hints: WebhookHint[] = [];
  const ignored: { reason: string; sample: string }[] = [];
  const parsed = parseBody(body, contentType);
  for (const event of Array.isArray(parsed) ? parsed : [parsed]) {
    try {
      hints.push(readEvent(event));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      ignored.push({ reason: error.message, sample: shapeOf(event) });
    }
  }
  return { hints, ignored };
}

export interface NamedCustomer {
  readonly id: string;
  /** Null: it has to be looked at in any case. */
  readonly changes: readonly ToldChange[] | null;
}

/**
 * What the lanes need of a push: customers to look at one by one, how many were created (a batch of ours calls back a
 * hundred times, and one page of the list shows them all), and what became of batches.
 */
export function newsOf(
  body: string,
  contentType = '',
): { customers: NamedCustomer[]; created: number; batchResults: BatchResultHint[] } {
  const { hints } = parsePush(body, contentType);
  const named = hints.filter((hint): hint is RecordHint => hint.kind === 'customer');
  const customers = named
    .filter(({ event }) => event !== 'create')
    .map(({ id, changes = null }) => ({ id, changes }));
  const batchResults = hints.filter((hint): hint is BatchResultHint => hint.kind === 'batch-result');
  return { customers, created: named.length - customers.length, batchResults };
}

function parseBody(body: string, contentType: string): unknown {
  const text = body.replace(/^\uFEFF/, '').trim();
  const looksLikeJson = /^[[{]/.test(text);
  if (looksLikeJson || !contentType.includes('x-www-form-urlencoded')) {
    const tree = tryJson(text);
    if (tree !== undefined || looksLikeJson) return tree;
  }
  return parseFormBody(text, tryJson);
}

function tryJson(text: string): unknown {
  try {
    return parseUdeskJson(text);
  } catch {
    return undefined;
  }
}

function readEvent(event: unknown): WebhookHint {
  if (!isObject(event)) throw new Unreadable('the push is not an object');
  refuseContradictions(event, 'push');
  const { action } = event;
  // Some senders leave the message as text inside the form.
  const message = typeof event.message === 'string' ? tryJson(event.message) : event.message;
  for (const holder of [event, message]) {
    if (isObject(holder) && isBatchResult(holder)) return readBatchResult(holder);
  }
  if (typeof action !== 'string') throw new Unreadable('action: missing');
  if (!isObject(message)) throw new Unreadable('message: not an object');
  refuseContradictions(message, 'message');
  const known = Object.hasOwn(EVENTS, action) ? EVENTS[action] : undefined;
  if (known !== undefined) {
    const id = idText(message.id);
    if (id === null) throw new Unreadable('message.id: missing or not a number');
    const [kind, event] = known;
    if (kind !== 'customer' || event !== 'update') return { kind, event, id };
    return { kind, event, id, changes: decodePushChanges(message.changes) };
  }
  const customer = customerOf(message);
  if (customer !== null) return { kind: 'customer', event: 'activity', id: customer };
  throw new Unreadable('action: an event that names no customer');
}

/** INF (api.md §8.1): the other events are only worth the customer that they name. */
function customerOf(message: JsonObject): string | null {
  const session = message.im_sub_session ?? message.im_sub_session_log;
  for (const holder of [message, session]) {
    if (!isObject(holder)) continue;
    const { customer } = holder;
    const id = idText(holder.customer_id) ?? (isObject(customer) ? idText(customer.id) : null);
    if (id !== null) return id;
  }
  return null;
}

function isBatchResult(holder: JsonObject): boolean {
  return count(holder.success_count) !== null || count(holder.failed_count) !== null;
}

function readBatchResult(holder: JsonObject): BatchResultHint {
  const { errors } = holder;
  const told = errors === undefined || errors === null || errors === '' ? [] : errors;
  if (!Array.isArray(told)) throw new Unreadable('errors: not a list');
  return {
    kind: 'batch-result',
    errors: told.map(readError),
    successCount: count(holder.success_count),
    failedCount: count(holder.failed_count),
  };
}

/** One row that cannot be read makes the whole result unusable: which row it meant is not known. */
function readError(error: unknown): [number, string] {
  const [index, message] = Array.isArray(error) ? (error as unknown[]) : [];
  const at = count(index);
  if (at === null) throw new Unreadable('errors: a row without an index');
  return [at, typeof message === 'string' ? message : ''];
}

function count(raw: unknown): number | null {
  const value = typeof raw === 'string' && /^\d{1,9}$/.test(raw) ? Number(raw) : raw;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
