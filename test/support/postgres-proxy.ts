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
  /** From now on nothing is passed on in either direction, and nothing is closed. */
  freeze(frozen: boolean): void;
  /** Cuts every connection now. */
  cutAll(): void;
  close(): Promise<void>;
}

/** @param port 0: a free one */
export async function startProxy(url: string, port = 0): Promise<PostgresProxy> {
  const target = new URL(url);
  const clients = new Set<net.Socket>();
  let pending: 'before-commit' | 'after-commit' | null = null;
  let frozen = false;

  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    clients.add(client);
    let cutOnAnswer = false;
    const cut = (): void => {
      clients.delete(client);
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => {
      if (frozen) return;
      const text = data.toString('latin1');
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
      if (!frozen) client.write(data);
    });
    for (const socket of [client, upstream]) socket.on('error', cut).on('close', cut);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as net.AddressInfo).port);
  const cutAll = (): void => {
    for (const client of clients) client.destroy();
  };
  return {
    url: through.href,
    breakNextWrite(when) {
      pending = when;
    },
    freeze(now) {
      frozen = now;
    },
    cutAll,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}
