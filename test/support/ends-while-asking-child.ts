/** Ends its connections while more is asked of them than they can take at a time. Nothing may keep it from ending. */
import { openDatabase } from '../../src/store/database.ts';

const [url = ''] = process.argv.slice(2);
const database = await openDatabase({ url, dataDir: '/nonexistent', max: 2 });
database.watch({ info: () => {}, warn: () => {} });
const other = database.connect({ max: 1 });
const ends = new Map<string, number>();
for (const sql of [database.sql, other]) {
  await sql`select 1`;
  for (let n = 0; n < 20; n += 1) {
    // Its parameter has the driver wait for an answer before it sends the next.
    sql.unsafe(`select pg_sleep(0.01), $1::int as n${n}`, [n]).then(
      () => count('answered'),
      ({ code }: { code?: string }) => count(code ?? 'no code'),
    );
  }
}
await other.end({ timeout: 1 });
await database.close();
process.on('exit', () => console.log(JSON.stringify(Object.fromEntries(ends))));

function count(end: string): void {
  ends.set(end, (ends.get(end) ?? 0) + 1);
}
