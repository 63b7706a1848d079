/**
 * Listens to the triggers of a table (triggers.ts) on a connection of its own, which comes back by itself. What was told
 * while it was gone is lost, so each time that it listens again everything that changed is asked for.
 */
import postgres from 'postgres';
import { driverOptions, type PostgresTarget } from '../../lib/postgres-driver.ts';
import { createSockets, endConnections } from '../../lib/postgres-sockets.ts';

/** `told`: the id of a record; null: something changed, and it is not known what. Resolves when it listens. */
export async function listen(
  target: PostgresTarget,
  channel: string,
  told: (id: string | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const sockets = createSockets();
  const client = postgres({
    ...driverOptions(target),
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    ...{ socket: sockets.open }, // the driver's types leave it out
    connection: { application_name: 'udesk-sync', ...target.connection },
  });
  const stop = () => void endConnections({ sql: client, sockets }, { timeout: 0 }).catch(() => {}); // it is gone with its server
  signal.addEventListener('abort', stop, { once: true });
  let before = false;
  try {
    await client.listen(
      channel,
      (id) => told(id === '' ? null : id),
      () => {
        if (before) told(null);
        before = true;
      },
    );
  } catch (error) {
    stop();
    throw error;
  }
  if (signal.aborted) stop();
}
