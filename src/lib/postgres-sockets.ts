/** The sockets of a postgres.js client, so that a connection that says nothing can be given up: the driver waits for TCP. */
import net from 'node:net';
import { Duplex } from 'node:stream';
import type postgres from 'postgres';

export interface Sockets {
  /** For postgres.js's option `socket`: begins to connect, and leaves it to the driver to notice when that fails. */
  open(options: {
    readonly host: readonly string[];
    readonly port: readonly number[];
    readonly path?: unknown;
  }): net.Socket;
  /** Whether any of them is not closed. */
  any(): boolean;
  /** Closes all of them now, without a word to the other end. What is in flight on them ends with CONNECTION_CLOSED. */
  cut(): void;
  /**
   * Opens no more: what still asks for a connection ends with CONNECTION_DESTROYED.
   */
  refuse(): void;
  /** Both. */
  close(): void;
}

/** A client of postgres.js, and the sockets that it connects by. */
export interface Connections {
  readonly sql: postgres.Sql;
  readonly sockets: Sockets;
}

/**
 * Ends a client for good. While it ends it would make connections anew, and one that is cut in its login throws where nobody hears
 * it: so none is made from now on.
 * @param how `timeout`: the driver's, in seconds
 */
export async function endConnections(
  { sql, sockets }: { readonly sql: Pick<postgres.Sql, 'end'>; readonly sockets: Sockets },
  how?: { readonly timeout?: number },
): Promise<void> {
  sockets.refuse();
  try {
    await sql.end(how);
  } finally {
    sockets.close();
  }
}

export function createSockets(): Sockets {
  const open = new Set<net.Socket>();
  let refusing = false;
  const look = (): void => {
    for (const socket of open) if (socket.destroyed) open.delete(socket);
  };
  const cut = (): void => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const refuse = (): void => {
    refusing = true;
  };
  return {
    open({ host: [host = ''], port: [port = 0], path }) {
      if (refusing) return refused();
      look();
      const socket = new net.Socket();
      open.add(socket);
      hearEarly(socket);
      if (typeof path === 'string') return socket.connect(path);
      // The driver asks the socket for the name that a certificate must have.
      return Object.assign(socket.connect(port, host), { host, port });
    },
    any() {
      look();
      return open.size > 0;
    },
    cut,
    refuse,
    close() {
      refuse();
      cut();
    },
  };
}

/**
 * A client of postgres.js 3.4.9 that was ended connects again for what had waited for a connection of it, and nobody ends that one.
 * Lost without a word of how, each of those has its end at once; thrown here, all but the first would never have one.
 */
function refused(): net.Socket {
  const socket = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(),
  });
  const error = Object.assign(new Error('the connections were closed'), { code: 'CONNECTION_DESTROYED' });
  // The driver listens a moment after it was given the socket.
  setImmediate(() => socket.destroy(error));
  return socket as net.Socket;
}

/**
 * The driver listens a moment after it was given the socket. What fails in that moment (no way to a numeric address) would end the
 * process, since nobody hears it, and is told again once somebody listens.
 */
function hearEarly(socket: net.Socket): void {
  socket.once('error', (error) => {
    if (socket.listenerCount('error') > 0) return;
    setImmediate(() => {
      if (socket.listenerCount('error') === 0) return;
      socket.emit('error', error);
      socket.emit('close', true);
    });
  });
}
