/** Ends its connections while more is asked of them than they can take at a time. Nothing may keep it from ending, or end it badly. */
import { setTimeout as wait } from 'node:timers/promises';
import type postgres from 'postgres';
import { openDatabase } from '../../src/store/database.ts';

const [url = ''] = process.argv.slice(2);
const ROUNDS = 8;
const ends = new Map<string, number>();
for (let round = 0; round < ROUNDS; round += 1) {
  const database = await openDatabase({ url, dataDir: '/nonexistent', max: round % 4 === 0 ? 2 : 10 });
  database.watch({ info: () => {}, warn: () => {} });
  if (round % 2 === 0) await ask(database.sql, 20, 0.02);
  else {
    const other = database.connect({ max: 1 });
    await ask(other, 5, 0.01);
    await wait(15);
    await other.end({ timeout: 5 });
    // A connection that was made anew would be at its login by then.
    await wait(25 + round);
  }
  await database.close();
}
process.on('exit', () => console.log(JSON.stringify(Object.fromEntries(ends))));

async function ask(sql: postgres.Sql, times: number, seconds: number): Promise<void> {
  await sql`select 1`;
  for (let n = 0; n < times; n += 1) {
    // Its parameter has the driver wait for an answer before it sends the next.
    sql.unsafe(`select pg_sleep(${seconds}), $1::int as n${n}`, [n]).then(
      () => count('answered'),
      ({ code }: { code?: string }) => count(code ?? 'no code'),
    );
  }
}

function count(end: string): void {
  ends.set(end, (ends.get(end) ?? 0) + 1);
}
