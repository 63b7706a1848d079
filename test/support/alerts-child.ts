/** One look of a daemon's alerts as a process of its own, at a pair whose CRM refuses the login. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { channelsOf } from '../../src/cli/alerting.ts';
import { createAlerts } from '../../src/daemon/alerts.ts';
import { sleep } from '../../src/lib/sleep.ts';
import { openDatabase } from '../../src/store/database.ts';
import { loadGauges } from '../../src/store/gauges.ts';
import { alertConfig, failingWorker } from './alerts.ts';

const [databaseUrl = '', url = '', claimMs = ''] = process.argv.slice(2);
const database = await openDatabase({ url: databaseUrl, dataDir: '/nonexistent', max: 2 });
const alerts = createAlerts(
  {
    db: database.db,
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
    monotonic: () => performance.now(),
    random: Math.random,
    sleep,
    owner: randomUUID(),
    workers: [failingWorker()],
    gauges: () => loadGauges(database.db, ['main']),
    place: { locale: 'en', publicUrl: null },
    timezone: 'Asia/Shanghai',
    claimMs: Number(claimMs),
  },
  channelsOf([alertConfig({ url, on: ['auth'] })]),
);
await alerts.tick(new AbortController().signal);
await database.close();
