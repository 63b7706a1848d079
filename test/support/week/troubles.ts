/**
 * What goes wrong in the week: each thing at its hour, with how it begins and how it ends by itself. Nothing of it is
 * told to the program, and nobody touches the program because of it.
 */
import dns from 'node:dns';
import { setImmediate as soon } from 'node:timers/promises';
import type postgres from 'postgres';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { Daemons } from './daemons.ts';
import type { LeapingTime } from './leaping-time.ts';
import type { WeekPeople } from './people.ts';
import type { VirtualPostgres } from './virtual-postgres.ts';

const MINUTE = 60_000;

export interface Trouble {
  readonly name: string;
  readonly minutes: number;
  /** The kind that failing cycles are logged with; null: no cycle fails. */
  readonly kind: string | null;
  /** Subjects of the alerts that it must raise, each with its recovery. */
  readonly alerts: readonly string[];
  /** Those that it may raise. */
  readonly may?: readonly string[];
  readonly begin: () => unknown;
  readonly end: () => unknown;
}

export interface TroubledWorld {
  readonly simulator: Simulator;
  readonly time: LeapingTime;
  readonly ours: VirtualPostgres;
  readonly crm: postgres.Sql;
  readonly daemons: Daemons;
  readonly people: WeekPeople;
  /** Of customers who are on both sides. */
  readonly emails: readonly string[];
}

/** In the order in which they come. */
export function troublesOf(world: TroubledWorld): readonly Trouble[] {
  const { simulator, time, ours, crm, daemons, people, emails } = world;
  const admin = simulator.admin as { token: string; password: string };
  const { password } = admin;
  const { lookup } = dns;
  let poisons = 0;
  let poisoned: string | undefined;
  let kills = 0;
  return [
    {
      name: 'the daemon is killed, and another one starts',
      minutes: 1,
      kind: null,
      alerts: [],
      // Now at once, while the dead one still has the lease, now a minute later.
      async begin() {
        await people.rush();
        await killAtWork(world, TURNS * kills);
        kills += 1;
        if (kills % 2 === 1) await daemons.start();
      },
      async end() {
        if (daemons.current === null) await daemons.start();
      },
    },
    {
      name: 'Udesk is down',
      minutes: 50,
      kind: 'transient',
      alerts: ['stalled/cycle'],
      begin: () => daemons.gates.udesk.shut(),
      end: () => daemons.gates.udesk.open(),
    },
    {
      name: 'the token has expired',
      minutes: 30,
      kind: null,
      alerts: [],
      begin() {
        admin.token = `${admin.token.slice(0, -4)}e${Math.floor(time.trueNow() / MINUTE) % 900}`;
      },
      end() {},
    },
    {
      name: 'the CRM is down',
      minutes: 25,
      kind: 'transient',
      alerts: ['stalled/cycle'],
      begin: () => daemons.gates.crm.shut(),
      end: () => daemons.gates.crm.open(),
    },
    {
      name: 'Postgres is killed, and away for minutes',
      minutes: 4,
      kind: 'transient',
      alerts: [],
      begin: () => daemons.gates.ours.shut(),
      async end() {
        const { pid } = ours.server;
        process.kill(pid, 'SIGKILL');
        await until(async () => ours.server.pid !== pid && (await ours.admin`select 1`).length === 1);
        await daemons.gates.ours.open();
      },
    },
    {
      name: 'no name is resolved',
      minutes: 50,
      kind: 'transient',
      alerts: ['stalled/cycle'],
      begin() {
        dns.lookup = unknownHost as typeof dns.lookup;
        daemons.gates.udesk.cut();
      },
      end() {
        dns.lookup = lookup;
      },
    },
    {
      name: 'a poisoned record',
      minutes: 50,
      kind: null,
      alerts: [],
      // Udesk refuses a number that another customer has; the person at the CRM sees the mistake later.
      async begin() {
        poisoned = emails[poisons];
        const phone = String(13_600_000_000 + poisons);
        simulator.tenant.create({
          nick_name: 'Holder',
          email: `holder${poisons++}@example.com`,
          cellphones: [phone],
        });
        await crm`update contact set phones = ${[phone]} where emails[1] = ${poisoned ?? ''}`;
      },
      end: () => crm`update contact set phones = '{}' where emails[1] = ${poisoned ?? ''}`,
    },
    {
      name: 'the disk of the database is full',
      minutes: 50,
      kind: 'transient',
      alerts: ['stalled/cycle'],
      begin: () => ours.admin.unsafe(FULL),
      end: () => ours.admin.unsafe(ROOM_AGAIN),
    },
    {
      name: 'wrong credentials',
      minutes: 50,
      kind: 'auth',
      alerts: ['auth/udesk', 'stalled/cycle'],
      begin() {
        Object.assign(admin, { password: 'another one', token: `${admin.token.slice(0, -4)}c0de` });
      },
      end() {
        admin.password = password;
      },
    },
    {
      name: 'the clock jumps an hour ahead, and back',
      minutes: 50,
      kind: 'auth',
      alerts: ['auth/udesk'],
      // A cycle that ended well under the wrong clock looks recent for as long as the clock was ahead.
      may: ['stalled/cycle'],
      begin: () => time.setAhead(60 * MINUTE),
      end: () => time.setAhead(0),
    },
    {
      name: 'the clock of the database alone jumps two hours ahead, and back',
      minutes: 50,
      // Leases, the quota and how old things are go by that clock; the work goes on (decision 0042).
      kind: null,
      alerts: [],
      may: ['stalled/cycle'],
      begin: () => ours.setWrong(120 * MINUTE),
      end: () => ours.setWrong(0),
    },
  ];
}

/** Each kill comes so much later in the work: the first one while the answer to a write is on its way. */
const TURNS = 8;
/** What is due is at work on Udesk by then. */
const AT_WORK_S = 60;

/** @param turns of the event loop, after Udesk has carried out a write that nobody here has heard of yet */
async function killAtWork({ simulator, time, daemons }: TroubledWorld, turns: number): Promise<void> {
  const before = simulator.log.length;
  let over = false;
  const killing = async () => {
    while (!simulator.log.slice(before).some(({ write, committed }) => write && committed)) {
      if (over) throw new Error('nothing was written, so nobody could be killed in the middle of it');
      await soon();
    }
    for (let turn = 0; turn < turns; turn += 1) await soon();
    daemons.kill();
  };
  const killed = killing();
  for (const lane of ['head', 'crm'] as const) daemons.current?.worker.due(lane);
  for (let second = 0; second < AT_WORK_S && daemons.current !== null; second += 1)
    await time.passUntil(time.trueNow() + 1_000);
  over = true;
  await killed;
}

/** The code that Postgres gives, on whatever it is asked to store. */
const FULL = `
  create function virtual.full() returns trigger language plpgsql
    as $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
  do $$ declare name text; begin
    for name in select tablename from pg_tables where schemaname = 'udesk_sync' loop
      execute format('create trigger week_full before insert or update on udesk_sync.%I
        for each statement execute function virtual.full()', name);
    end loop; end $$;`;
const ROOM_AGAIN = 'drop function virtual.full() cascade';

function unknownHost(host: string, _options: unknown, answer: (error: Error) => void): void {
  const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), {
    code: 'EAI_AGAIN',
    syscall: 'getaddrinfo',
    hostname: host,
  });
  process.nextTick(answer, error);
}

/** What throws does not hold yet. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}
