/**
 * A door before a server: open, everything passes; shut, every connection is cut and no new one is taken, as where a
 * machine is gone. Before a Postgres it also knows whether somebody waits for an answer, or is inside a transaction.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Gate {
  readonly port: number;
  /** Nothing is asked, and no transaction is open. Of servers that are no Postgres it says nothing. */
  readonly idle: boolean;
  readonly connections: number;
  open(): Promise<void>;
  shut(): Promise<void>;
  /** Cuts what is connected; who comes again is let in. */
  cut(): void;
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Ready for a query, outside of a transaction: the last message of every complete answer (Postgres protocol, 55.7). */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

export async function createGate(target: Place): Promise<Gate> {
  const clients = new Set<Socket>();
  const asking = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;

  function pass(client: Socket): void {
    const upstream = connect(target.port, target.host);
    clients.add(client);
    const end = (): void => {
      clients.delete(client);
      asking.delete(client);
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => {
      asking.add(client);
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (data.subarray(-READY.length).equals(READY)) asking.delete(client);
      client.write(data);
    });
    for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', end).on('close', end);
  }

  const cut = (): void => {
    for (const client of clients) client.destroy();
  };
  const gate: Gate = {
    get port() {
      return port;
    },
    get idle() {
      return asking.size === 0;
    },
    get connections() {
      return clients.size;
    },
    cut,
    async open() {
      if (server !== null) return;
      server = createServer(pass).listen(port, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    },
    async shut() {
      const shutting = server;
      server = null;
      if (shutting === null) return;
      const closed = once(shutting, 'close');
      shutting.close();
      cut();
      await closed;
    },
  };
  await gate.open();
  return gate;
}
