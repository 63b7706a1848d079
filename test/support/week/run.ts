/**
 * A week of the daemon in virtual time, with every kind of failure at its hour: the simulated Udesk over HTTP, a CRM in a
 * Postgres of its own, our database in another that is killed on the way, people at work on both sides. What is asked of it
 * is in `verdict.ts`.
 */
import { collectGarbage } from '../../../bench/timed.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { WRITE_DOWN } from '../accounting.ts';
import { startReceiver } from '../alert-receiver.ts';
import { createEmptyDatabase } from '../db.ts';
import { surviveAsTheProgram } from '../driver-faults.ts';
import { CRM_TABLE } from '../world.ts';
import type { Line } from './daemon.ts';
import { createDaemons, type Daemons, type Gates } from './daemons.ts';
import type { Gate, Place } from './gate.ts';
import { createLeapingTime } from './leaping-time.ts';
import { createQuotaWatch, handsNeeded, type Sample, sampleOf } from './measures.ts';
import { createWeekPeople } from './people.ts';
import { type Trouble, troublesOf } from './troubles.ts';
import type { SaidAlert, Suffered, WeekResult } from './verdict.ts';
import { startVirtualPostgres } from './virtual-postgres.ts';

const MINUTE = 60_000;
const DAY_MINUTES = 24 * 60;
const START = Date.UTC(2025, 2, 3);
const PER_MINUTE = 30;
const CUSTOMERS = 60;
const CLASHING = 14;
/** People rest at the end, so that it ends settled. */
const REST_MINUTES = 180;
const ALERTS_EVERY = 5;
/** When the next thing goes wrong; over a week each twice or more, at another hour of the day. */
const SPACING = { short: 110, long: 7 * 60 } as const;
const FIRST_AT = 100;

export interface WeekOptions {
  readonly days: number;
  readonly seed?: string;
  /** Told once a virtual day. */
  readonly onDay?: (sample: Sample) => void;
}

export async function runWeek({ days, seed = 'a week', onDay }: WeekOptions): Promise<WeekResult> {
  const cleanups: (() => unknown)[] = [surviveAsTheProgram()];
  try {
    const random = seededRandom(seed);
    const ours = await startVirtualPostgres();
    cleanups.push(() => ours.close());
    const crmDb = await createEmptyDatabase();
    cleanups.push(() => crmDb.drop());
    const crm = (await crmDb.open({ max: 2, applicationName: 'crm person' })).sql;
    await crm.unsafe(CRM_TABLE);
    await crm.unsafe(WRITE_DOWN);
    const receiver = await startReceiver();
    cleanups.push(() => receiver.close());
    let daemons: Daemons | null = null;
    const time = createLeapingTime({
      start: START,
      isQuiet(asleep) {
        const daemon = daemons?.current ?? null;
        if (daemons === null || daemon === null) return true;
        const { crm, ours } = daemons.gates;
        return daemon.calling === 0 && crm.idle && ours.idle && (!daemon.atWork || asleep > 0);
      },
      onLeap: (ms) => ours.setAhead(ms),
    });
    const customers = Array.from({ length: CUSTOMERS }, (_, n) => `p${n}@example.com`);
    const clashing = Array.from({ length: CLASHING }, (_, n) => `both${n}@example.com`);
    const simulator = await startSimulator({
      customers: [...customers, ...clashing].map((email, n) => ({ nick_name: `Start ${n}`, email })),
      switches: { 'rate.per_minute': '0' },
      clock: time.trueNow,
    });
    cleanups.push(() => simulator.close());
    await ours.setAhead(START - Date.now());
    cleanups.push(time.install());
    const lines: Line[] = [];
    const there = await createDaemons({
      places: { udesk: placeOf(simulator.url), crm: placeOf(crmDb.url), ours: placeOf(ours.url) },
      configOf: (gates) => configOf({ simulator, gates, crmUrl: crmDb.url, alertUrl: receiver.url }),
      databaseUrlOf: (gates) => through(ours.url, gates.ours),
      time,
      random: random.next,
      lines,
    });
    cleanups.push(() => there.stop());
    await there.start();
    daemons = there;
    const people = createWeekPeople({ simulator, crm, random, customers, clashing, now: time.trueNow });
    const quota = createQuotaWatch(simulator);
    const troubles = troublesOf({ simulator, time, ours, crm, daemons, people, emails: customers });
    const suffered: Suffered[] = [];
    let current: { readonly trouble: Trouble; readonly at: number } | null = null;
    const samples: Sample[] = [];
    const alerts: SaidAlert[] = [];
    const total = days * DAY_MINUTES;
    const spacing = days > 2 ? SPACING.long : SPACING.short;

    for (let minute = 0; minute <= total; minute += 1) {
      await time.passUntil(START + minute * MINUTE);
      if (daemons.ended.length > 0) throw daemons.ended[0];
      const turn = (minute - FIRST_AT) / spacing;
      const next = Number.isInteger(turn) && turn >= 0 ? troubles[turn % troubles.length] : undefined;
      if (next !== undefined && minute + next.minutes < total - REST_MINUTES) {
        current = { trouble: next, at: time.trueNow() };
        await next.begin();
      }
      if (current !== null && time.trueNow() >= current.at + current.trouble.minutes * MINUTE) {
        suffered.push({ ...current, until: time.trueNow() });
        await current.trouble.end();
        current = null;
      }
      if (minute >= 10 && minute < total - REST_MINUTES) await people.minute(minute);
      if (minute % ALERTS_EVERY === 0) {
        const before = receiver.received.length;
        await daemons.current?.alert();
        for (const said of receiver.received.slice(before).flatMap((one) => one.alerts))
          alerts.push({ ...said, at: time.trueNow() });
      }
      quota.look();
      if (minute % DAY_MINUTES === 0) {
        collectGarbage();
        const sample = await sampleOf(minute / DAY_MINUTES, { ours: ours.admin, crm, people });
        samples.push(sample);
        onDay?.(sample);
      }
    }
    const before = quota.writes;
    // A whole reading of both sides, an audit, and nothing to write (P4).
    for (const lane of ['audit', 'sweep', 'crm'] as const) daemons.current?.worker.due(lane);
    await time.passUntil(START + total * MINUTE + 60 * MINUTE);
    quota.look();
    const { current: last, takeovers } = daemons;
    if (last === null) throw new Error('no daemon is left');
    collectGarbage();
    return {
      days,
      samples,
      suffered,
      lines,
      alerts,
      perMinute: PER_MINUTE,
      busiest: quota.busiest,
      calls: quota.calls,
      lateWrites: quota.writes - before,
      edits: people.edits.length,
      fates: await people.fates(ours.admin),
      differences: await people.differences(),
      clashes: people.clashes,
      ...(await handsNeeded(ours.admin, simulator)),
      health: { ...last.worker.health },
      takeovers,
      deadKept: await daemons.kept(),
    };
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

function placeOf(url: string): Place {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function through(url: string, gate: Gate): string {
  const at = new URL(url);
  at.hostname = '127.0.0.1';
  at.port = String(gate.port);
  return at.href;
}

function configOf({
  simulator,
  gates,
  crmUrl,
  alertUrl,
}: {
  readonly simulator: Simulator;
  readonly gates: Gates;
  readonly crmUrl: string;
  readonly alertUrl: string;
}): string {
  // A name and not an address, so that it has to be resolved; a password and not a token, so that tokens may expire.
  return `
alerts: [ { type: webhook, url: '${alertUrl}', on: [guard, auth, stalled] } ]
pairs:
  - name: main
    udesk:
      baseUrl: http://localhost:${gates.udesk.port}
      email: ${simulator.admin.email}
      password: ${simulator.admin.password}
      quota: { perMinute: ${PER_MINUTE} }
    crm:
      adapter: postgres
      url: ${through(crmUrl, gates.crm)}
      table: contact
      externalId: udesk_id
      updatedAt: updated_at
    fields:
      - { udesk: nick_name, crm: name }
      - { udesk: emails, crm: emails }
      - { udesk: cellphones, crm: phones }
      - { udesk: description, crm: note }
    firstRun: auto
    guards: { updates: { share: 0.6 } } # the backlog of an outage is a third of so few customers
    schedule: { head: '*/10 * * * *', crm: '5-55/10 * * * *', sweep: '*/30 * * * *', pages: '15 * * * *', feeds: '20 * * * *', audit: '40 */4 * * *' }
`;
}
