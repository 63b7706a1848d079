/**
 * `npm run bench:fill -- [customers] [rows]`: so many customers of Udesk, none of whom is in the CRM, a table in Postgres that
 * holds so many rows of others. Prints what a create costs, and how much of that the looks before it take (decision 0006): once
 * as the engine does it, and once as if the table could be asked for one contact at a time only.
 */
import type { Contact } from '../src/core/contacts.ts';
import type { Side } from '../src/crm/adapter.ts';
import { runCycle } from '../src/engine/cycle.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { figure, spreadOf, table } from './measure.ts';
import { type Person, person, seedOf } from './people.ts';
import { fillCrm, machine, openStage, startCluster } from './stage.ts';

const customers = Number(process.argv[2] ?? 1_000);
const others = Number(process.argv[3] ?? 100_000);
if (!(customers > 0) || !(others >= 0)) {
  console.error('npm run bench:fill -- [customers] [rows that the table holds before]');
  process.exit(2);
}

const cluster = await startCluster();
const simulator = await startSimulator({
  switches: { 'rate.per_minute': '0' },
  customers: Array.from({ length: customers }, (_, n) => seedOf(person(others + n))),
});
try {
  const rows: string[][] = [];
  for (const together of [true, false]) rows.push(await fill(together));
  console.log(machine(cluster));
  console.log(
    `${figure(customers)} creates in a table of ${figure(others)} rows (text[]), read as a whole for each look`,
  );
  console.log(
    table(['looks', 'ms a create', 'of them looks', 'questions', 'of them about many', 'created'], rows),
  );
  console.log('One look at that table, median of five:');
  console.log(table(['for', 'ms', 'ns a row'], await looks()));
} finally {
  await simulator.close();
  await cluster.close();
}

async function fill(together: boolean): Promise<string[]> {
  const place = await cluster.place(together ? 'together' : 'alone');
  const { email, token } = simulator.admin;
  const stage = await openStage(place, { url: simulator.url, email, token });
  const { crm, udesk } = stage.pair.sides;
  const asked = { one: 0, many: 0, ms: 0, since: null as number | null };
  const timed = async <T>(kind: 'one' | 'many', question: Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    asked[kind] += 1;
    asked.since ??= startedAt;
    try {
      return await question;
    } finally {
      asked.ms += performance.now() - startedAt;
    }
  };
  const { unheld, ...rest } = crm;
  const watched: Side = {
    ...rest,
    lookup: (...args) => timed('one', crm.lookup(...args)),
    ...(together && unheld !== undefined ? { unheld: (...args) => timed('many', unheld(...args)) } : {}),
  };
  const pair = { ...stage.pair, sides: { udesk, crm: watched } };
  const sync = (observe: { udesk: 'full' | 'none'; crm: 'full' | 'none' }) =>
    runCycle(stage.engine, pair, { trigger: 'sync', observe });
  await sync({ udesk: 'none', crm: 'full' });
  // Whoever comes now is not listed any more: all that is measured comes after that.
  await fillCrm(place, others);
  const { push } = await sync({ udesk: 'full', crm: 'none' });
  const took = performance.now() - (asked.since ?? Number.NaN);
  await stage.close();
  return [
    together ? 'for many at once' : 'one by one',
    figure(took / customers),
    figure(asked.ms / customers),
    String(asked.one + asked.many),
    String(asked.many),
    String(push?.writes.crm ?? 0),
  ];
}

/** What one look takes, of which every other figure is made: nobody holds what is asked for, so all rows are read. */
async function looks(): Promise<string[][]> {
  const place = await cluster.place('looks');
  await fillCrm(place, others);
  const stage = await openStage(place, { url: simulator.url, ...simulator.admin });
  const { crm } = stage.pair.sides;
  const strangers = Array.from({ length: 100 }, (_, n) => person(others + customers + n));
  const [one] = strangers as [Person];
  const many: Contact[] = strangers.flatMap(({ email, phones: [phone = ''] }) => [
    { kind: 'email', value: email },
    { kind: 'cellphone', value: phone },
  ]);
  const asked: Record<string, () => Promise<unknown> | undefined> = {
    'an e-mail': () => crm.lookup('email', one.email),
    'a phone': () => crm.lookup('cellphone', one.phones[0] ?? ''),
    'a hundred of both': () => crm.unheld?.(many),
  };
  const rows: string[][] = [];
  for (const [name, ask] of Object.entries(asked)) {
    const times: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const startedAt = performance.now();
      await ask();
      if (n > 0) times.push(performance.now() - startedAt); // the first one warms up
    }
    const { median } = spreadOf(times);
    rows.push([name, figure(median), figure((median * 1e6) / others)]);
  }
  await stage.close();
  return rows;
}
