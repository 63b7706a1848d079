/**
 * What a failure on the wire proves. For a write everything after the request may have left is `ambiguous`
 * (sync design §9): it is never sent again before somebody looked.
 */
import { type ErrorDetails, type ErrorKind, SyncError } from '../errors.ts';

/** A failed HTTP call. `undone`: it is proven that the remote did nothing, so that even a write may be sent again. */
export class HttpFailure extends SyncError {
  readonly undone: boolean;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails & { undone: boolean }) {
    const { undone, ...rest } = details;
    super(kind, message, rest);
    this.undone = undone;
  }
}

/** No connection existed yet, whatever the system call. */
const BEFORE_CONNECT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);
/** These come from an open connection as well: proof only when `connect` itself failed. */
const ON_CONNECT = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'ECONNRESET',
  'EACCES',
]);
const CERTIFICATE = /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO']);

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
  UND_ERR_SOCKET: 'the connection was closed before the answer was whole',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was shorter than announced',
  ECONNRESET: 'the connection was reset',
  TimeoutError: 'the call took longer than allowed',
};

/**
 * Turns an error of undici (or of the socket below it) into a failure.
 * @param target method, origin and path, without the query: it may hold a signature
 * @param write whether the call may change something at the remote
 */
export function classifyNetworkError(thrown: unknown, target: string, write: boolean): HttpFailure {
  const code = errorCode(thrown);
  const connecting =
    errorField(thrown, 'syscall') === 'connect' || errorField(thrown, 'syscall') === 'getaddrinfo';
  if (CERTIFICATE.test(code)) {
    return new HttpFailure('config', `${target}: the certificate of the host is not accepted (${code})`, {
      undone: true,
      code,
      advice: 'Check the base URL; a private certificate authority can be named in NODE_EXTRA_CA_CERTS.',
    });
  }
  if (NOT_TLS.has(code)) {
    return new HttpFailure('config', `${target}: the host does not speak TLS there (${code})`, {
      undone: true,
      code,
      advice: 'Check the base URL: http:// or https://, and the port.',
    });
  }
  const words = WORDS[code] ?? code;
  if (BEFORE_CONNECT.has(code) || (connecting && ON_CONNECT.has(code))) {
    return new HttpFailure('transient', `${target}: ${words}`, {
      undone: true,
      code,
      advice: 'Check the base URL and the network between here and that host.',
    });
  }
  if (write) {
    return new HttpFailure('ambiguous', `${target}: ${words}; the write may or may not have happened`, {
      undone: false,
      code,
    });
  }
  return new HttpFailure('transient', `${target}: ${words}`, { undone: false, code });
}

export const ANSWER_TOO_LARGE = 'answer-too-large';

/** The same call would have the same answer, and cost as much again: nobody asks for it again before the next cycle. */
export function tooLarge(target: string, write: boolean, maxBytes: number): HttpFailure {
  const most = maxBytes < MIB ? `${maxBytes} bytes` : `${Math.floor(maxBytes / MIB)} MiB`;
  const what = `the answer is larger than ${most}, and was not read to its end`;
  return new HttpFailure(
    write ? 'ambiguous' : 'contract',
    `${target}: ${what}${write ? '; the write may or may not have happened' : ''}`,
    {
      undone: false,
      code: ANSWER_TOO_LARGE,
      advice:
        'Ask for smaller pages (the page size in the configuration of that side), or have its host answer with less.',
    },
  );
}

const MIB = 1024 * 1024;

/** Whether undici stopped reading at the limit of the dispatcher. */
export function isTooLarge(thrown: unknown): boolean {
  return errorCode(thrown) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
}

function errorCode(thrown: unknown): string {
  const code = errorField(thrown, 'code');
  if (typeof code === 'string' && code !== '') return code;
  const name = errorField(thrown, 'name');
  return typeof name === 'string' && name !== '' ? name : 'unknown';
}

function errorField(thrown: unknown, key: string): unknown {
  return typeof thrown === 'object' && thrown !== null ? (thrown as Record<string, unknown>)[key] : undefined;
}

/**
 * The `Retry-After` header in milliseconds: seconds, or an HTTP date.
 * @param nowMs wall clock, for the date form
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
