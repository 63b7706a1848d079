/** A TCP proxy before a Postgres that breaks a connection at a chosen moment, as a network would. */
import net from 'node:net';

export interface PostgresProxy {
  /** The same database, through the proxy. */
  readonly url: string;
  /**
   * `before-commit`: the first statement that writes is swallowed and both ends are cut.
   * `after-commit`: the commit gets through, the connection is cut when its answer comes.
   */
  breakNextWrite(when: 'before-commit' | 'after-commit'): void;
  /** From now on nothing is passed on in either direction, and nobody hears that the other end closes before it is over. */
  freeze(frozen: boolean): void;
  /** Resolves once somebody has said something that is not passed on. */
  unheard(): Promise<void>;
  /** Freezes as soon as a connection that was let in asks for its array types, as the driver does first. */
  freezeAfterLogin(): void;
  /** The same for the connections that are open now, for ever: those that come later work. */
  freezeOpen(): void;
  /** Cuts every connection now. */
  cutAll(): void;
  /** Another server at the same address: connections that come from now on reach that one. */
  leadTo(url: string): void;
  close(): Promise<void>;
}

/** @param port 0: a free one */
export async function startProxy(url: string, port = 0): Promise<PostgresProxy> {
  let target = new URL(url);
  const clients = new Set<net.Socket>();
  const upstreams = new Set<net.Socket>();
  /** What was closed while nobody could hear of it. */
  const unheard = new Set<() => void>();
  /** Clients that are never heard again. */
  const lost = new WeakSet<net.Socket>();
  const unheardOf: (() => void)[] = [];
  let pending: 'before-commit' | 'after-commit' | null = null;
  let frozen = false;
  let freezingAfterLogin = false;

  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    clients.add(client);
    upstreams.add(upstream);
    const silent = (): boolean => frozen || lost.has(client);
    let cutOnAnswer = false;
    const cut = (): void => {
      clients.delete(client);
      upstreams.delete(upstream);
      client.destroy();
      upstream.destroy();
    };
    const closed = (): void => {
      if (!silent()) cut();
      else if (!lost.has(client)) unheard.add(cut);
    };
    client.on('data', (data) => {
      if (silent()) {
        for (const tell of unheardOf.splice(0)) tell();
        return;
      }
      const text = data.toString('latin1');
      if (freezingAfterLogin && text.includes('typarray')) {
        freezingAfterLogin = false;
        frozen = true;
        return;
      }
      if (pending === 'before-commit' && /\b(?:update|insert into)\s+"/.test(text)) {
        pending = null;
        return cut();
      }
      if (pending === 'after-commit' && text.includes('commit\0')) {
        pending = null;
        cutOnAnswer = true;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (cutOnAnswer) return cut();
      if (!silent()) client.write(data);
    });
    for (const socket of [client, upstream]) socket.on('error', closed).on('close', closed);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as net.AddressInfo).port);
  const cutAll = (): void => {
    for (const socket of [...clients, ...upstreams]) socket.destroy();
  };
  return {
    url: through.href,
    breakNextWrite(when) {
      pending = when;
    },
    freeze(now) {
      frozen = now;
      if (frozen) return;
      for (const cut of unheard) cut();
      unheard.clear();
    },
    unheard: () => new Promise((resolve) => unheardOf.push(resolve)),
    freezeAfterLogin() {
      freezingAfterLogin = true;
    },
    freezeOpen() {
      for (const client of clients) lost.add(client);
    },
    cutAll,
    leadTo(other) {
      target = new URL(other);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}
