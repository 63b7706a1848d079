import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { SyncError } from '../errors.ts';
import type { PairReadiness } from './readiness.ts';

export interface HealthSource {
  /** Must not throw, and must not take long: who asks gives up after seconds. */
  readonly readiness: () => Promise<Readiness>;
}

export interface Readiness {
  /** Null when ready; otherwise why not, in one sentence. */
  readonly reason: string | null;
  readonly pairs: readonly PairReadiness[];
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `/healthz`: the process is alive. `/readyz`: the database answers and the pairs work. No customer data on either. */
export function healthRoutes(source: HealthSource): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const { reason, pairs } = await source.readiness();
    return reason === null
      ? c.json({ status: 'ready', pairs })
      : c.json({ status: 'not ready', reason, pairs }, 503);
  });
  return app;
}

/** Throws `config` when the port is taken. */
export async function serve(app: Hono, host: string, port: number): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new SyncError('config', `cannot listen on ${host}:${port}${taken ? ': the port is taken' : ''}`, {
          code: error.code ?? 'listen',
          advice: 'Set http.port in the configuration to a free port.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
