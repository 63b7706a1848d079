/**
 * `npm run bench:backfill -- [people] [calls per minute]`: a CRM of that many people and an empty Udesk. Prints how long
 * it took, what it cost in calls, and the busiest 60 s as the simulator counted them. Without a quota it shows our own
 * pace; with 60 calls a minute what a real tenant would see.
 */
import { runCycle } from '../src/engine/cycle.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { busiestMinuteOf } from '../test/support/accounting.ts';
import { figure } from './measure.ts';
import { fillCrm, machine, openStage, startCluster } from './stage.ts';

const people = Number(process.argv[2] ?? 20_000);
const perMinute = Number(process.argv[3] ?? 0);
if (!(people > 0) || !(perMinute >= 0)) {
  console.error('npm run bench:backfill -- [people] [calls per minute, 0: no quota]');
  process.exit(2);
}

const cluster = await startCluster();
const simulator = await startSimulator({ switches: { 'rate.per_minute': String(perMinute) } });
try {
  const place = await cluster.place('backfill');
  await fillCrm(place, people);
  const { email, token } = simulator.admin;
  const quota = perMinute === 0 ? {} : { perMinute };
  const stage = await openStage(place, { url: simulator.url, email, token, ...quota });
  const startedAt = performance.now();
  let cycles = 0;
  for (let more = true; more; cycles += 1) {
    const report = await runCycle(stage.engine, stage.pair, {
      trigger: 'sync',
      observe: cycles === 0 ? { udesk: 'full', crm: 'full' } : { udesk: 'none', crm: 'changes' },
    });
    const { backfill } = report;
    more = backfill?.more === true;
    if (backfill !== null) {
      const left = backfill.leftMs === null ? '?' : `${Math.round(backfill.leftMs / 1_000)} s`;
      console.error(`${seconds(startedAt)} s: ${backfill.done} of ${backfill.total}, ${left} left`);
    }
  }
  await report(startedAt, cycles);
  await stage.close();
} finally {
  await simulator.close();
  await cluster.close();
}

async function report(startedAt: number, cycles: number): Promise<void> {
  const { requests, byCall } = simulator.counts();
  const names = new Set(simulator.tenant.list().map(({ email }) => email));
  const over = simulator.log.filter(({ status }) => status === 429).length;
  console.log(machine(cluster));
  console.log(
    `${figure(people)} people in ${seconds(startedAt)} s, ${cycles} cycles${perMinute === 0 ? '' : `, at ${perMinute} calls a minute`}`,
  );
  console.log(`customers: ${simulator.tenant.count}, distinct e-mails: ${names.size}`);
  console.log(
    `calls: ${requests} (${(requests / people).toFixed(4)} a person), refused as too many: ${over}, busiest 60 s: ${busiestMinuteOf(simulator)}`,
  );
  for (const [call, n] of Object.entries(byCall)) console.log(`  ${n} × ${call}`);
}

function seconds(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1);
}
