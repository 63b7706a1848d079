/**
 * What an answer means. Errors are a list of errorCode, message and fields ("Status Codes and Error Responses" in the REST
 * API guide, StatusCode in the SOAP API guide). Of a write everything that does not prove that nothing was done is
 * `ambiguous` (sync design §9).
 */
import type { ErrorDetails, ErrorKind } from '../../errors.ts';
import { HttpFailure, retryAfterMs } from '../../http/classify.ts';
import type { Reply } from '../../http/exchange.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, parseJson, textOf } from '../http/paths.ts';
import { cleaned } from '../http/refusal.ts';

/** Salesforce said no, in so many words. */
export class SalesforceRefusal extends HttpFailure {
  readonly status: number;
  /** API names, where told. */
  readonly fields: readonly string[];

  constructor(
    kind: ErrorKind,
    message: string,
    about: ErrorDetails & { status: number; undone: boolean; fields: readonly string[] },
  ) {
    const { status, fields, ...details } = about;
    super(kind, message, { side: 'crm', ...details });
    this.status = status;
    this.fields = fields;
  }
}

export interface AnswerContext {
  /** Method, origin and path. */
  readonly target: string;
  readonly write: boolean;
  /** None of it may show in a message. */
  readonly sent: unknown;
  readonly nowMs: number;
}

interface Told {
  readonly code: string;
  readonly words: string;
  readonly fields: readonly string[];
  /** Records that a duplicate rule names. */
  readonly others: readonly string[];
}

/** There is no such live record, or none that this user may see. */
const GONE = new Set(['NOT_FOUND', 'ENTITY_IS_DELETED', 'MALFORMED_ID']);
const NO_ACCESS = new Set([
  'API_DISABLED_FOR_ORG',
  'API_CURRENTLY_DISABLED',
  'INVALID_SESSION_ID',
  'INVALID_AUTH_HEADER',
  'INVALID_LOGIN',
  'ORG_LOCKED',
  'PASSWORD_LOCKOUT',
  'TRIAL_EXPIRED',
]);
/** The transaction was rolled back. */
const ROLLED_BACK = new Set(['UNABLE_TO_LOCK_ROW', 'QUERY_TIMEOUT', 'CANNOT_PROCEED_WITH_CURRENT_LOAD']);

const ADVICE: Readonly<Record<string, string>> = {
  DUPLICATES_DETECTED:
    'Merge the two in Salesforce or link them here; crm.duplicateRules: allow saves in spite of a rule that only alerts.',
  DUPLICATE_VALUE: 'Another record there holds a value that must be unique.',
  REQUIRED_FIELD_MISSING: 'Map the field, or give it a value under crm.onCreate.',
  INVALID_FIELD_FOR_INSERT_UPDATE:
    'Give the user of the integration edit access to the field (Setup, Permission Sets, Object Settings).',
  INVALID_FIELD: 'A field is gone, or hidden from the user of the integration: run udesk-sync check.',
  INSUFFICIENT_ACCESS_OR_READONLY: 'Give the user of the integration edit access to this record.',
  STORAGE_LIMIT_EXCEEDED: 'The org has no room left for records.',
  REQUEST_LIMIT_EXCEEDED:
    'The org has no API calls left: lower crm.limits, or wait for the 24 hours to pass.',
};

/** Statuses that come without a code. */
const CODES: Readonly<Record<number, string>> = { 300: 'MULTIPLE_CHOICES', 412: 'PRECONDITION_FAILED' };
const WORDS: Readonly<Record<number, string>> = {
  300: 'several records hold this external id',
  412: 'the record was modified since it was read',
};

/** Daily limits are told in these words; all others pass by themselves in moments. */
const DAILY = /TotalRequests/i;
const DAILY_WAIT_MS = 900_000;
const MOMENT_MS = 5_000;

/** The JSON of a successful answer; null where there is none. @throws HttpFailure */
export function readAnswer(reply: Reply, context: AnswerContext): unknown {
  const body = bodyOf(reply);
  if (reply.status >= 200 && reply.status < 300) {
    if (body instanceof Error) throw notUnderstood(context, 'the answer is not JSON');
    return body;
  }
  throw refusal(reply, body, context);
}

export function isGone(error: unknown): error is SalesforceRefusal {
  return error instanceof SalesforceRefusal && (error.status === 404 || GONE.has(error.details.code ?? ''));
}

export function hasCode(error: unknown, code: string): error is SalesforceRefusal {
  return error instanceof SalesforceRefusal && error.details.code === code;
}

function refusal(reply: Reply, body: unknown, context: AnswerContext): SalesforceRefusal {
  const { target, sent, nowMs } = context;
  const { code, words, fields, others } = told(body, reply.status);
  const { kind, undone } = meaning(reply.status, code, context.write);
  const held = others.length === 0 ? '' : ` (held by ${others.join(', ')})`;
  const advice =
    ADVICE[code] ??
    (kind === 'auth' ? 'Check clientId, clientSecret and the rights of their user.' : undefined);
  const asked =
    kind === 'throttled'
      ? (retryAfterMs(reply.headers['retry-after'], nowMs) ?? (DAILY.test(words) ? DAILY_WAIT_MS : MOMENT_MS))
      : undefined;
  return new SalesforceRefusal(
    kind,
    `${target}: ${code}${words === '' ? '' : `: ${withoutValues(words, sent)}`}${held}`,
    {
      status: reply.status,
      undone,
      code,
      fields,
      ...(advice === undefined ? {} : { advice }),
      ...(asked === undefined ? {} : { retryAfterMs: asked }),
    },
  );
}

function meaning(status: number, code: string, write: boolean): { kind: ErrorKind; undone: boolean } {
  const no = (kind: ErrorKind) => ({ kind, undone: true });
  if (status === 412) return no('stale');
  if (status === 401 || NO_ACCESS.has(code)) return no('auth');
  if (code === 'REQUEST_LIMIT_EXCEEDED' || status === 429) return no('throttled');
  if (ROLLED_BACK.has(code)) return no('transient');
  if (code === 'INVALID_QUERY_LOCATOR') return no('cursor-expired');
  // Behind a gateway the server may have had the request already.
  if (status >= 500 || status === 408 || status === 420)
    return { kind: write ? 'ambiguous' : 'transient', undone: false };
  if (status === 403 && !write) return no('auth');
  if (!write && (code === 'INVALID_FIELD' || code === 'INVALID_TYPE' || code === 'MALFORMED_QUERY'))
    return no('contract');
  return no('rejected');
}

function told(body: unknown, status: number): Told {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const nothing = {
    code: CODES[status] ?? `HTTP ${status}`,
    words: WORDS[status] ?? '',
    fields: [],
    others: [],
  };
  if (!isObject(first)) return nothing;
  const { errorCode, message, fields } = first;
  return {
    // OAuth answers { error, error_description }.
    code: textOf(errorCode) ?? textOf(first.error) ?? nothing.code,
    words: textOf(message) ?? textOf(first.error_description) ?? '',
    fields: Array.isArray(fields) ? fields.filter((one) => typeof one === 'string') : [],
    others: matchedIds(first),
  };
}

function matchedIds(error: object): string[] {
  const found = new Set<string>();
  JSON.stringify(error, (key, value: unknown) => {
    if (key === 'Id' && typeof value === 'string' && ID.test(value)) found.add(value);
    return value;
  });
  return [...found].slice(0, 5);
}

const ID = /^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/;

/** Ids stay: a person needs them, and they say nothing about a customer. */
function withoutValues(words: string, sent: unknown): string {
  return words
    .split(/(\b00[0-9A-Za-z][0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?\b)/)
    .map((part) => (ID.test(part) ? part : cleanedAround(part, sent)))
    .join('')
    .trim();
}

function cleanedAround(part: string, sent: unknown): string {
  const [, before = '', after = ''] = /^(\s*)[\s\S]*?(\s*)$/.exec(part) ?? [];
  return part.trim() === '' ? part : `${before}${cleaned(part, sent)}${after}`;
}

function bodyOf({ text }: Reply): unknown {
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    return error;
  }
}
