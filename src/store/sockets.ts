/** The sockets of a postgres.js client, so that a connection that says nothing can be given up: the driver waits for TCP. */
import net from 'node:net';

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
}

export function createSockets(): Sockets {
  const open = new Set<net.Socket>();
  const look = (): void => {
    for (const socket of open) if (socket.destroyed) open.delete(socket);
  };
  return {
    open({ host: [host = ''], port: [port = 0], path }) {
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
    cut() {
      for (const socket of open) socket.destroy();
      open.clear();
    },
  };
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
