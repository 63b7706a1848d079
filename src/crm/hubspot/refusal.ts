/**
 * What an answer of HubSpot means ("Error handling" and "API usage guidelines and limits" of the vendor's documentation).
 * Of a write everything that does not prove that nothing was done is `ambiguous` (sync design §9).
 */
import { retryAfterMs } from '../../http/classify.ts';
import type { Reply } from '../../http/exchange.ts';
import { notUnderstood } from '../calls.ts';
import type { RefusalKind } from '../http/config-parts.ts';
import { isObject, type JsonObject, parseJson, textOf } from '../http/paths.ts';
import { ApiRefusal, cleaned, KIND } from '../http/refusal.ts';

export interface AnswerContext {
  /** Method, origin and path, without what is a customer's. */
  readonly target: string;
  readonly write: boolean;
  /** What was sent: none of it may show in a message. */
  readonly sent: unknown;
  readonly nowMs: number;
}

/** The policy of a 429 decides how long to wait where the answer does not say. */
const PAUSE_MS: Readonly<Record<string, number>> = {
  SECONDLY: 1_000,
  TEN_SECONDLY_ROLLING: 10_000,
  // It ends at midnight in the time zone of the account, which may be hours away.
  DAILY: 3_600_000,
};
/** "Locks will last for 2 seconds." */
const LOCK_MS = 2_000;
/** The proxy in front never reached HubSpot: down, unreachable, no TLS. Its time-outs (522, 524) prove nothing. */
const NEVER_ARRIVED = new Set([521, 523, 525, 526]);
/** Locked; the account is being moved to another data centre. Neither does anything. */
const NOT_NOW = new Set([423, 477]);

const ADVICE: Readonly<Partial<Record<RefusalKind, string>>> = {
  auth: 'Check crm.token, and that its private app has the scopes crm.objects.contacts.read, crm.objects.contacts.write and crm.schemas.contacts.read.',
  duplicate: 'Merge the two in HubSpot, or take the value away from one of them.',
};

/** The JSON of a successful answer; null where there is none. @throws HttpFailure, ApiRefusal */
export function readAnswer(reply: Reply, context: AnswerContext): unknown {
  const json = jsonOf(reply.text);
  if (reply.status >= 200 && reply.status < 300) {
    if (json instanceof Error) throw notUnderstood(context, 'the answer is not JSON');
    return json;
  }
  throw refusalOf(reply, json instanceof Error ? null : json, context);
}

/** One row of a batch was refused, in the words of `errors` of the answer (207 Multi-Status). */
export function rowRefusal(error: unknown, context: AnswerContext): ApiRefusal {
  const body = isObject(error) ? error : {};
  const kind = isDuplicate(body) ? 'duplicate' : 'rejected';
  return refused(kind, 207, body, context);
}

function refusalOf(reply: Reply, json: unknown, context: AnswerContext): ApiRefusal {
  const body = isObject(json) ? json : {};
  const kind = kindOf(reply.status, body, context.write);
  const policy = textOf(body.policyName) ?? '';
  const told = retryAfterMs(reply.headers['retry-after'], context.nowMs);
  const wait =
    kind === 'throttled'
      ? (told ?? PAUSE_MS[policy] ?? PAUSE_MS.TEN_SECONDLY_ROLLING)
      : NOT_NOW.has(reply.status)
        ? (told ?? LOCK_MS)
        : told;
  const proof = NEVER_ARRIVED.has(reply.status) || NOT_NOW.has(reply.status);
  return refused(kind, reply.status, body, context, wait, proof);
}

function kindOf(status: number, body: JsonObject, write: boolean): RefusalKind {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not-found';
  if (status === 429) return 'throttled';
  if (NOT_NOW.has(status) || NEVER_ARRIVED.has(status)) return 'transient';
  if (status >= 500 || status === 408) return write ? 'ambiguous' : 'transient';
  return status === 409 || isDuplicate(body) ? 'duplicate' : 'rejected';
}

/** An e-mail, or another value that must be unique, is somebody else's. */
function isDuplicate(body: JsonObject): boolean {
  const codes = (Array.isArray(body.errors) ? body.errors : []).map((one) =>
    isObject(one) ? textOf(one.code) : null,
  );
  return body.category === 'CONFLICT' || codes.includes('CONFLICTING_UNIQUE_VALUE');
}

function refused(
  kind: RefusalKind,
  status: number,
  body: JsonObject,
  { target, sent }: AnswerContext,
  waitMs?: number,
  proof = false,
): ApiRefusal {
  const words = textOf(body.message) ?? '';
  // Ids are no secret, and a person needs this one.
  const holder = /Existing ID: (\d+)/.exec(words)?.[1];
  const category = textOf(body.policyName) ?? textOf(body.category);
  const said = [
    `HTTP ${status}${category === null ? '' : ` ${cleaned(category, sent)}`}`,
    cleaned(words.replace(/\s*Existing ID: \d+\.?/, ''), sent),
    holder === undefined ? '' : `contact ${holder} holds it`,
    correlation(body),
  ].filter((part) => part !== '');
  const advice = ADVICE[kind];
  return new ApiRefusal(kind, `${target}: ${said.join(': ')}`, {
    status,
    kind: KIND[kind],
    undone: kind !== 'ambiguous' && (kind !== 'transient' || proof),
    code: kind === 'duplicate' ? 'duplicate' : (category ?? `HTTP ${status}`),
    ...(advice === undefined ? {} : { advice }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

/** What HubSpot's support asks for. */
function correlation(body: JsonObject): string {
  const id = textOf(body.correlationId);
  return id !== null && /^[\w-]{1,64}$/.test(id) ? `correlation ${id}` : '';
}

function jsonOf(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    return error;
  }
}
