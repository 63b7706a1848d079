/**
 * What an answer of Udesk means. Success is the `code` in the body, never the HTTP status alone: business errors
 * come with HTTP 200 (udesk/api.md §6). Every error says who must act (sync design §9).
 */
import type { ErrorDetails, ErrorKind } from '../errors.ts';
import { HttpFailure, retryAfterMs } from '../http/classify.ts';
import type { Reply } from '../http/exchange.ts';
import { isObject, type JsonObject, parseUdeskJson } from './json.ts';

export interface AnswerContext {
  /** Method and path, without the query. */
  readonly target: string;
  readonly write: boolean;
  /** Our wall clock when the request was signed. */
  readonly signedAtMs: number;
  /** A member whose presence stands for success where the answer has no `code` (api.md §4 E2). */
  readonly expects: string;
  /** The call is about one customer: only then can a refusal mean "no such customer". */
  readonly namesCustomer: boolean;
}

const OK = '1000';
/** api.md §6.1 "parameter error", "not found for the account": both also mean "no such customer". */
export const MAYBE_NOT_FOUND: ReadonlySet<string> = new Set(['2005', '2015']);
const UNKNOWN_ERROR = '2000';
export const BAD_SIGN = '2059';

const THROTTLE_TEXT = /频率|频次|过于频繁|rate.?limit|too many/i;
const NOT_FOUND_TEXT = /不存在|未找到|找不到|没有找到|无法找到|not\s*found|does\s*n[o']t exist/i;
const MAX_WORDS = 300;
const ADMIN_TEXT = /管理员|administrator/i;
const PARAMETER_TEXT = /param is missing|value is empty|缺少参数|参数缺失|参数不能为空/i;

/** Whether the vendor's words say that there is no such thing (and not that a parameter is missing). */
export function saysNotFound(words: string): boolean {
  return NOT_FOUND_TEXT.test(words) && !PARAMETER_TEXT.test(words);
}

/** Whether the vendor's words say that our request was built wrongly. */
export function saysBadRequest(words: string): boolean {
  return PARAMETER_TEXT.test(words);
}

/** A refusal by `code`, with the vendor's own words: they may repeat a customer's data, so they are never logged. */
export class UdeskRefusal extends HttpFailure {
  readonly udeskCode: string;
  readonly words: string;

  constructor(
    kind: ErrorKind,
    message: string,
    refusal: { code: string; words: string; undone: boolean } & ErrorDetails,
  ) {
    const { words, ...details } = refusal;
    super(kind, message, details);
    this.udeskCode = refusal.code;
    this.words = words;
  }
}

/**
 * The body of a successful answer.
 * @throws HttpFailure or UdeskRefusal. A write whose answer cannot be understood is `ambiguous`;
 *   a 429 or a refusal by code proves that nothing was done.
 */
export function readAnswer(reply: Reply, context: AnswerContext): JsonObject {
  const { status } = reply;
  const body = bodyOf(reply);
  const code = isObject(body) ? codeOf(body) : null;
  if (status === 429) throw throttled(reply, context, 'HTTP 429');
  if (status >= 500) throw serverError(reply, context, code, isObject(body) ? body : {});
  if (isObject(body)) {
    if (code === OK || (code === null && status < 300 && body[context.expects] !== undefined)) return body;
    if (code !== null) throw refusal(code, wordsOf(body), reply, context);
  }
  if (status >= 300) throw httpRefusal(reply, context);
  if (body instanceof Error) throw notUnderstood('transient', context, body.message);
  throw notUnderstood('contract', context, `neither "code" nor "${context.expects}" is in the answer`);
}

/** The array that the answer must hold. Missing, it is an error and never "0 rows" (api.md §10.3). */
export function arrayOf(body: JsonObject, key: string, context: AnswerContext): readonly unknown[] {
  const list = body[key];
  if (Array.isArray(list)) return list;
  throw notUnderstood('contract', context, `"${key}" is not a list in the answer`);
}

/** The object that the answer must hold. */
export function objectOf(body: JsonObject, key: string, context: AnswerContext): JsonObject {
  const member = body[key];
  if (isObject(member)) return member;
  throw notUnderstood('contract', context, `"${key}" is not an object in the answer`);
}

function bodyOf(reply: Reply): unknown {
  try {
    return parseUdeskJson(reply.text);
  } catch (error) {
    return error;
  }
}

function codeOf(body: JsonObject): string | null {
  const { code } = body;
  if (typeof code === 'number' || typeof code === 'bigint') return String(code);
  return typeof code === 'string' && code !== '' ? code : null;
}

/** api.md §6.2: `code_message` or `message`, and what `exception` adds: often only it says which parameter. */
function wordsOf(body: JsonObject): string {
  const words = new Set<string>();
  for (const key of ['code_message', 'message', 'exception', 'exception:message']) {
    const text = body[key];
    if (typeof text === 'string' && text.trim() !== '') words.add(printable(text.trim().slice(0, MAX_WORDS)));
  }
  return words.size === 0 ? 'no message' : [...words].join(' | ');
}

/** The words are kept in a text column, which takes neither of these. */
function printable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

function notUnderstood(kind: 'transient' | 'contract', context: AnswerContext, why: string): HttpFailure {
  if (context.write) {
    return new HttpFailure('ambiguous', `${context.target}: ${why}; the write may or may not have happened`, {
      undone: false,
      side: 'udesk',
    });
  }
  return new HttpFailure(kind, `${context.target}: ${why}`, { undone: false, side: 'udesk' });
}

function throttled(reply: Reply, context: AnswerContext, why: string): HttpFailure {
  const wait = retryAfterMs(reply.headers['retry-after'], context.signedAtMs);
  return new HttpFailure('throttled', `${context.target}: too many calls (${why})`, {
    undone: true,
    side: 'udesk',
    code: why,
    advice: 'Lower udesk.quota.perMinute if other programs use the same tenant.',
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** A 5xx never counts as success, and of a write it proves nothing, whatever its body says. */
function serverError(
  reply: Reply,
  context: AnswerContext,
  code: string | null,
  body: JsonObject,
): HttpFailure {
  if (code !== null && code !== OK && !context.write) {
    const refused = refusal(code, wordsOf(body), reply, context);
    if (refused.kind === 'auth' || refused.kind === 'config' || refused.kind === 'throttled') return refused;
  }
  return notUnderstood('transient', context, `HTTP ${reply.status}`);
}

function httpRefusal(reply: Reply, context: AnswerContext): HttpFailure {
  const { status } = reply;
  const message = `${context.target}: HTTP ${status} without a Udesk answer`;
  const details = { side: 'udesk', code: `http-${status}`, undone: true } as const;
  if (status === 401 || status === 403) {
    return new HttpFailure('auth', message, { ...details, advice: 'Check udesk.email and udesk.token.' });
  }
  if (status < 400 || status === 404 || status === 405) {
    return new HttpFailure('config', message, {
      ...details,
      advice: 'Check udesk.baseUrl: the whole origin of the tenant, such as https://demo.udesk.cn.',
    });
  }
  if (status === 408) return notUnderstood('transient', context, 'HTTP 408');
  return new HttpFailure(context.write ? 'rejected' : 'contract', message, details);
}

const AUTH_CODES: Readonly<Record<string, readonly [kind: ErrorKind, what: string, advice: string]>> = {
  '2002': ['config', 'Udesk does not know this subdomain', 'Check udesk.baseUrl.'],
  '2058': ['auth', 'the company has no plan that allows the Open API', 'Ask Udesk to enable the Open API.'],
  '2059': [
    'auth',
    'Udesk does not accept the signature',
    'Check udesk.token and udesk.email (they belong together) and udesk.sign.',
  ],
  '2062': [
    'auth',
    'Udesk does not accept the credentials for this interface',
    'Check udesk.email and udesk.token.',
  ],
  '20621': ['auth', 'Udesk does not accept the timestamp', 'Check udesk.sign.'],
  '20624': ['auth', 'Udesk misses the nonce', 'Set udesk.sign to sha256 or sha1-v2.'],
};

function refusal(code: string, words: string, reply: Reply, context: AnswerContext): HttpFailure {
  const { target, write } = context;
  const base = { code, words, side: 'udesk', undone: true } as const;
  const known = AUTH_CODES[code];
  if (known !== undefined) {
    return new UdeskRefusal(known[0], `${target}: ${known[1]} (code ${code})`, { ...base, advice: known[2] });
  }
  if (code === '20622') {
    return new UdeskRefusal(
      'auth',
      `${target}: Udesk refuses our time (code ${code})${clockWords(reply, context)}`,
      {
        ...base,
        advice: 'Set the clock of this machine (NTP): Udesk allows 5 minutes.',
      },
    );
  }
  if (code === '20623') {
    // Some attempt of ours arrived twice; the next has a nonce of its own.
    return new UdeskRefusal('transient', `${target}: the nonce was used before (code ${code})`, base);
  }
  if (THROTTLE_TEXT.test(words)) {
    const { kind, message, details } = throttled(reply, context, `code ${code}`);
    return new UdeskRefusal(kind, message, { ...details, ...base });
  }
  if (code === '2015' && (!context.namesCustomer || ADMIN_TEXT.test(words))) {
    return new UdeskRefusal('auth', `${target}: not an administrator of this tenant (code ${code})`, {
      ...base,
      advice: 'Check udesk.email: it must be the administrator whose token is configured.',
    });
  }
  if (write) return new UdeskRefusal('rejected', `Udesk refused the write (code ${code}): ${words}`, base);
  // An "unknown error" may pass when the call is made again, unless its words explain it.
  const passing = code === UNKNOWN_ERROR && !saysNotFound(words) && !saysBadRequest(words);
  return new UdeskRefusal(
    passing ? 'transient' : 'contract',
    `${target}: Udesk refused the call (code ${code})`,
    base,
  );
}

/** The `Date` header is the server's clock, to the second. */
export function serverTimeMs(reply: Reply): number | null {
  const at = Date.parse(reply.headers.date ?? '');
  return Number.isNaN(at) ? null : at;
}

function clockWords(reply: Reply, context: AnswerContext): string {
  const server = serverTimeMs(reply);
  if (server === null) return ': the clock of this machine is more than 5 minutes off';
  const seconds = Math.round((context.signedAtMs - server) / 1000);
  return `: the clock of this machine is off by about ${Math.abs(seconds)} s (${seconds < 0 ? 'behind' : 'ahead'})`;
}
