/** Loses its database connection in the middle of a transaction that is thinking, then goes on. */
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../src/store/database.ts';
import { surviveLostConnections } from '../../src/store/driver-fault.ts';

const [url = '', survive] = process.argv.slice(2);
if (survive === 'survive') surviveLostConnections(() => console.log('fault'));
const database = await openDatabase({ url, dataDir: '/nonexistent', max: 2 });
const outcome = await database.db
  .transaction(async (tx) => {
    const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await database.connect({ max: 1 })`select pg_terminate_backend(${Number(row?.pid)})`;
    await new Promise((resolve) => setTimeout(resolve, 200));
    throw new Error('the work failed, as it does when its connection is gone');
  })
  .then(
    () => 'committed',
    () => 'rejected',
  );
const [again] = await database.db.execute<{ n: number }>(sql`select 1 as n`);
// The fault comes outside every promise, a turn later.
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(`${outcome} ${again?.n}`);
process.exit(0);
