/**
 * Loaded before the program (`node --import`): names every moment at which a crash could matter, and dies at one.
 * A moment is just before something leaves that cannot be taken back, and just as its answer arrives: a request to a side,
 * a statement of the CRM's database, a commit of ours, and a statement of ours that writes outside of a transaction. Of our
 * database a moment names the tables that are written. No line of the program knows of this.
 *
 * CRASH_LOG=file: the name of each moment, a line each, with how often there was one of that name. CRASH_AT=name: SIGKILL at it.
 */
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Connection } from './postgres-statements.ts';

const at = process.env.CRASH_AT;
const log = process.env.CRASH_LOG;
const ours = new URL(process.env.DATABASE_URL ?? 'postgres://none/none').pathname.slice(1);
/** What was sent on a socket and is not answered yet. */
const waiting = new WeakMap<Socket, string>();
const connections = new WeakMap<Socket, Connection>();
const counts = new Map<string, number>();

function moment(kind: string): void {
  const count = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, count);
  const name = `${kind}, ${count}.`;
  if (log !== undefined) appendFileSync(log, `${name}\n`);
  if (name === at) process.kill(process.pid, 'SIGKILL');
}

/** The path without what signs it. */
const REQUEST = /^(?:GET|POST|PUT|DELETE) [^ ?]+/;

function sentBy(socket: Socket, chunk: Buffer): string[] {
  const request = REQUEST.exec(chunk.toString('latin1', 0, 300))?.[0];
  if (request !== undefined) return [request];
  const connection = connections.get(socket) ?? new Connection();
  connections.set(socket, connection);
  return connection.sent(chunk).flatMap(({ verb, tables }) => {
    if (verb === 'begin' || verb === 'rollback') return [];
    if (connection.database !== ours) return [`${verb} of the CRM`];
    return tables.length > 0 ? [`${verb} of ${tables.join(', ')}`] : [];
  });
}

const write = Socket.prototype.write;
Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
  const [chunk] = args;
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.isBuffer(chunk) ? chunk : null;
  for (const sent of bytes === null ? [] : sentBy(this, bytes)) {
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
