/**
 * Loaded before the program (`node --import`): numbers every moment at which a crash could matter, and dies at one.
 * A moment is just before a request to a side leaves, just as its answer arrives, just before a transaction is
 * committed (ours or the CRM's), and just as the database says that it was. No line of the program knows of this.
 *
 * CRASH_AT=n: SIGKILL at the n-th moment, counted from 1. CRASH_LOG=file: the name of each moment, a line each.
 */
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';

const at = Number(process.env.CRASH_AT ?? 0);
const log = process.env.CRASH_LOG;
/** What was sent on a socket and is not answered yet. */
const waiting = new WeakMap<Socket, string>();
let moments = 0;

function moment(name: string): void {
  moments += 1;
  if (log !== undefined) appendFileSync(log, `${moments} ${name}\n`);
  if (moments === at) process.kill(process.pid, 'SIGKILL');
}

/** The path without what signs it. */
const REQUEST = /^(?:GET|POST|PUT|DELETE) [^ ?]+/;
/** A message of the Postgres protocol that ends a transaction: simple query, or parse of a prepared one. */
const COMMIT = /^[QP]....[^\0]{0,20}\0?commit\b/is;

const write = Socket.prototype.write;
Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
  const [chunk] = args;
  const head =
    typeof chunk === 'string'
      ? chunk.slice(0, 300)
      : Buffer.isBuffer(chunk)
        ? chunk.toString('latin1', 0, 300)
        : '';
  const sent = REQUEST.exec(head)?.[0] ?? (COMMIT.test(head) ? 'commit' : undefined);
  if (sent !== undefined) {
    moment(`before ${sent}`);
    waiting.set(this, sent);
  }
  return Reflect.apply(write, this, args);
};

const push = Socket.prototype.push;
Socket.prototype.push = function (this: Socket, ...args: Parameters<typeof push>): boolean {
  const sent = waiting.get(this);
  if (sent !== undefined && args[0] !== null) {
    waiting.delete(this);
    moment(`after ${sent}`);
  }
  return Reflect.apply(push, this, args);
};
