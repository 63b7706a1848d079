/**
 * What an answer of Odoo means. JSON-RPC says everything at HTTP 200, `/json/2` by status; both name the Python
 * exception, and that decides. Any exception has rolled the transaction back, so that nothing was done; only where the
 * database itself was lost nobody knows. The traceback is dropped here, and never reaches a log. Pure.
 */
import type { ErrorKind } from '../../errors.ts';
import { HttpFailure, retryAfterMs } from '../../http/classify.ts';
import type { Reply } from '../../http/exchange.ts';
import { cleaned } from '../http/refusal.ts';

/** An exception as Odoo names it: `odoo.exceptions.AccessError`, `builtins.ValueError`, `psycopg2.errors.…`. */
export interface Fault {
  readonly name: string;
  readonly message: string;
}

export interface About {
  /** Method, origin, path, model and method of Odoo. */
  readonly target: string;
  readonly write: boolean;
  /** What was sent: none of it may show in a message. */
  readonly sent: unknown;
}

export class OdooFailure extends HttpFailure {
  /** Class name of the exception, without its module; null where Odoo named none. */
  readonly exception: string | null;

  constructor(
    kind: ErrorKind,
    message: string,
    about: {
      undone: boolean;
      exception: string | null;
      code: string;
      advice?: string;
      retryAfterMs?: number;
    },
  ) {
    const { exception, ...details } = about;
    super(kind, message, { side: 'crm', ...details });
    this.exception = exception;
  }
}

export function isException(error: unknown, name: string): error is OdooFailure {
  return error instanceof OdooFailure && error.exception === name;
}

/** The database gave the transaction up, and says so: nothing of it is left. */
const GIVEN_UP =
  /^(SerializationFailure|DeadlockDetected|LockNotAvailable|QueryCanceled|TransactionRollbackError|ConcurrencyError|LockError)$/;
/** The connection between Odoo and its database: a commit may have come through before it broke. */
const DATABASE_LOST = /^(OperationalError|InterfaceError|AdminShutdown|PoolError)$/;
const NO_DATABASE = /database .* does not exist|no such database/i;
/** Their words hold names of people. */
const WORDLESS = new Set(['AccessError', 'AccessDenied', 'MissingError', 'Unauthorized']);

export function faultOf({ name, message }: Fault, about: About): OdooFailure {
  const { target, write, sent } = about;
  const exception = name.split('.').at(-1) ?? name;
  const words = WORDLESS.has(exception) ? '' : cleaned(message, sent);
  const said = `${target}: ${exception}${words === '' ? '' : `: ${words}`}`;
  const fail = (kind: ErrorKind, undone: boolean, advice?: string) =>
    new OdooFailure(kind, said, {
      undone,
      exception,
      code: exception,
      ...(advice === undefined ? {} : { advice }),
    });

  if (exception === 'AccessDenied' || exception === 'Unauthorized' || exception === 'SessionExpiredException')
    return fail(
      'auth',
      true,
      'Check crm.login and the API key (or password): Odoo does not accept them, or the key has run out.',
    );
  if (exception === 'AccessError')
    return fail(
      write ? 'rejected' : 'auth',
      true,
      'The user of the sync may not do this: it needs "Contact Creation", and the companies of these partners.',
    );
  if (exception === 'MissingError') return fail('stale', true);
  if (GIVEN_UP.test(exception)) return fail('transient', true);
  if (DATABASE_LOST.test(exception)) {
    if (NO_DATABASE.test(message)) return fail('config', true, 'Check crm.database.');
    return fail(write ? 'ambiguous' : 'transient', false);
  }
  if (write) return fail('rejected', true);
  return fail(
    'contract',
    true,
    'Odoo does not understand what it was asked: check the fields under crm.fields.',
  );
}

/** An answer that names no exception: the status alone, or another shape than Odoo's. */
export function statusFailure(reply: Reply, about: About, nowMs: number): OdooFailure {
  const { status } = reply;
  const { target, write } = about;
  const fail = (kind: ErrorKind, undone: boolean, advice?: string) =>
    new OdooFailure(kind, `${target}: HTTP ${status}, and no answer of Odoo`, {
      undone,
      exception: null,
      code: `HTTP ${status}`,
      ...(advice === undefined ? {} : { advice }),
      ...(kind === 'throttled' ? asked(reply, nowMs) : {}),
    });
  if (status === 401 || status === 403) return fail('auth', true, 'Check crm.login and the API key.');
  if (status === 429) return fail('throttled', true);
  if (status >= 500 || status === 408) return fail(write ? 'ambiguous' : 'transient', false);
  if (status < 300) return fail(write ? 'ambiguous' : 'contract', false, ADDRESS);
  return fail(write ? 'rejected' : 'contract', true, ADDRESS);
}

const ADDRESS = 'Check crm.url: does Odoo itself answer there, and is crm.database one of its databases?';

function asked({ headers }: Reply, nowMs: number): { retryAfterMs?: number } {
  const ms = retryAfterMs(headers['retry-after'], nowMs);
  return ms === undefined ? {} : { retryAfterMs: ms };
}

/** The answer is Odoo's, and does not hold what the method returns. Of a write that may well have happened. */
export function notUnderstood({ target, write }: Pick<About, 'target' | 'write'>, why: string): OdooFailure {
  return new OdooFailure(write ? 'ambiguous' : 'contract', `${target}: ${why}`, {
    undone: false,
    exception: null,
    code: 'shape',
    advice: 'This version of Odoo answers in another shape than the ones that are known.',
  });
}
