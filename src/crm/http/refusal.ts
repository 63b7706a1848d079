/**
 * What an answer means: by the rules of the config, else by the status as most APIs use it. Of a write everything that
 * does not prove that nothing was done is `ambiguous` (sync design §9).
 */
import type { ErrorKind } from '../../errors.ts';
import { HttpFailure, retryAfterMs } from '../../http/classify.ts';
import type { Reply } from '../../http/exchange.ts';
import { notUnderstood as misshapen } from '../calls.ts';
import type { HttpConfig } from './config.ts';
import type { RefusalKind } from './config-parts.ts';
import { parseJson, textOf, valueAt } from './paths.ts';

export interface AnswerContext {
  readonly errors: HttpConfig['errors'];
  /** Method, origin and path. */
  readonly target: string;
  readonly write: boolean;
  /** A create: then 409 says that there is such a record, and not that ours moved. */
  readonly creates: boolean;
  /** What was sent: none of it may show in a message. */
  readonly sent: unknown;
  readonly nowMs: number;
}

/** The API said no, in so many words. */
export class ApiRefusal extends HttpFailure {
  readonly refusal: RefusalKind;
  readonly status: number;

  constructor(
    refusal: RefusalKind,
    message: string,
    about: {
      status: number;
      undone: boolean;
      kind: ErrorKind;
      code: string;
      advice?: string;
      retryAfterMs?: number;
    },
  ) {
    const { status, kind, ...details } = about;
    super(kind, message, { side: 'crm', ...details });
    this.refusal = refusal;
    this.status = status;
  }
}

export function isRefusal(error: unknown, refusal: RefusalKind): error is ApiRefusal {
  return error instanceof ApiRefusal && error.refusal === refusal;
}

/** The JSON of a successful answer; null where there is none. @throws HttpFailure, ApiRefusal */
export function readAnswer(reply: Reply, context: AnswerContext): unknown {
  const { errors, target } = context;
  const body = bodyOf(reply);
  const json = body instanceof Error ? null : body;
  const code = errors.code === undefined ? null : textOf(valueAt(json, errors.code));
  const fine = reply.status >= 200 && reply.status < 300;
  const rule = errors.map.find(
    (one) =>
      (one.status === undefined || one.status === reply.status) &&
      (one.code === undefined || String(one.code) === code),
  );
  if (rule !== undefined) throw refusal(rule.kind, reply, json, code, context, true);
  if (!fine) throw refusal(defaultKind(reply.status, context), reply, json, code, context, false);
  if (body instanceof Error) throw notUnderstood(context, 'the answer is not JSON');
  if (errors.ok === undefined) return json;
  if (code !== null && errors.ok.some((one) => String(one) === code)) return json;
  if (code === null) throw notUnderstood(context, `the answer holds no code at "${errors.code}"`);
  // What the code means was not told. Of a write it is a no; of a read nobody knows what it says.
  if (context.write) throw refusal('rejected', reply, json, code, context, false);
  throw new HttpFailure('contract', `${target}: code ${cleaned(code, context.sent)}`, {
    undone: false,
    side: 'crm',
    code,
    advice: 'Say under crm.errors.map what this code means.',
  });
}

/** The answer has another shape than the config says. Of a write that may well have happened. */
export function notUnderstood(context: Pick<AnswerContext, 'write' | 'target'>, why: string): HttpFailure {
  return misshapen(context, why, 'Compare the answer of the API with the crm block of the config.');
}

function bodyOf({ text }: Reply): unknown {
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    return error;
  }
}

function defaultKind(status: number, { creates, write }: AnswerContext): RefusalKind {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 409) return creates ? 'duplicate' : 'stale';
  if (status === 412) return 'stale';
  if (status === 429) return 'throttled';
  // A 503, too, may come from a proxy whose server had the request already.
  if (status >= 500 || status === 408) return write ? 'ambiguous' : 'transient';
  return 'rejected';
}

const ADVICE: Readonly<Partial<Record<RefusalKind, string>>> = {
  auth: 'Check crm.auth: the key, its rights, and whether it has run out.',
  throttled: 'Lower crm.limits.perMinute if this happens often.',
  duplicate: 'Another record there holds a value that must be unique.',
};
/** What the engine does about a refusal. */
export const KIND: Readonly<Record<RefusalKind, ErrorKind>> = {
  rejected: 'rejected',
  duplicate: 'rejected',
  throttled: 'throttled',
  auth: 'auth',
  stale: 'stale',
  'not-found': 'rejected',
  transient: 'transient',
  ambiguous: 'ambiguous',
};

function refusal(
  kind: RefusalKind,
  reply: Reply,
  json: unknown,
  code: string | null,
  context: AnswerContext,
  declared: boolean,
): ApiRefusal {
  const { errors, target, sent, nowMs, write } = context;
  const words = errors.message === undefined ? null : textOf(valueAt(json, errors.message));
  const said = code === null ? `HTTP ${reply.status}` : `HTTP ${reply.status}, code ${cleaned(code, sent)}`;
  const asked = retryAfterMs(reply.headers['retry-after'], nowMs);
  const advice = ADVICE[kind];
  const real = kind === 'ambiguous' && !write ? 'transient' : kind;
  return new ApiRefusal(real, `${target}: ${said}${words === null ? '' : `: ${cleaned(words, sent)}`}`, {
    status: reply.status,
    kind: KIND[real],
    // The config may say that a `transient` code proves that nothing was done; a status alone never does.
    undone: real !== 'ambiguous' && (real !== 'transient' || declared),
    code: code === null ? (kind === 'duplicate' ? 'duplicate' : `HTTP ${reply.status}`) : code,
    ...(advice === undefined ? {} : { advice }),
    ...(asked === undefined ? {} : { retryAfterMs: asked }),
  });
}

const MAX_WORDS = 300;

/** The vendor's words, without what we sent, and without what looks like an address or a number of a customer. */
export function cleaned(words: string, sent: unknown): string {
  let text = words.replaceAll('\0', '').toWellFormed();
  for (const value of stringsOf(sent).sort((a, b) => b.length - a.length)) text = text.replaceAll(value, '…');
  return text
    .replace(/[^\s@"'<>()]+@[^\s@"'<>()]+/g, '…')
    .replace(/\+?\d[\d -]{5,}\d/g, '…')
    .trim()
    .slice(0, MAX_WORDS);
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.trim().length < 2 ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}
