/** Its Postgres falls silent right after it let a connection in, and comes back; then it goes on. */
import { openDatabase } from '../../src/store/database.ts';
import { surviveLostConnections } from '../../src/store/driver-fault.ts';
import { startProxy } from './postgres-proxy.ts';

const [url = '', survive] = process.argv.slice(2);
if (survive === 'survive') surviveLostConnections(() => console.log('fault'));
const proxy = await startProxy(url);
const database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 2 });
const noticed = Promise.withResolvers<void>();
database.watch({ info() {}, warn: () => noticed.resolve() });
proxy.freezeAfterLogin();
// The second needs a connection of its own.
const asked = [1, 2].map(() =>
  database.sql`select pg_sleep(0.2)`.then(
    () => 'ok',
    (error: { code?: unknown }) => String(error.code),
  ),
);
await noticed.promise;
const outcomes = await Promise.all(asked);
proxy.freeze(false);
const [again] = await database.sql<{ n: number }[]>`select 1 as n`;
console.log(`${outcomes.join(' ')} ${again?.n}`);
process.exit(0);
