/** Three daemons as processes of their own, thirty pairs over three simulated accounts, and what each of them did. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type postgres from 'postgres';
import type { CustomerView } from '../../src/simulator/handle.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { Database } from '../../src/store/database.ts';
import { createEmptyDatabase, createTestDatabase } from './db.ts';
import { type Running, startProgram, writeConfig } from './program.ts';
import { watchWriters } from './udesk-writers.ts';

const PRELOADED = ['another-machine.mjs', 'says-who.mjs'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
const PAIRS_PER_ACCOUNT = 10;

export interface Taken {
  readonly pair: string;
  readonly owner: string;
  readonly fence: number;
  /** Milliseconds of the server's clock. */
  readonly from: number;
}

export interface Written {
  readonly pair: string;
  readonly replica: string;
  readonly at: number;
}

/** A write of a pair to its own customer in Udesk, from when it arrived there until its answer. */
export interface WrittenToUdesk {
  /** Null: of no pair's own customer. */
  readonly pair: string | null;
  readonly replica: string | null;
  readonly from: number;
  readonly to: number;
}

export interface Fleet {
  readonly pairs: readonly string[];
  readonly simulators: readonly Simulator[];
  readonly ours: Database;
  readonly crm: postgres.Sql;
  /** Starts a daemon; `name` is under what its writes are written down. */
  start(name: string): Running;
  /** The owner's pid is in its name: which replica that is. */
  replicaOf(owner: string): string;
  /** Every taking of every lease, oldest first. */
  leases(): Promise<Taken[]>;
  /** Every write of a daemon to a CRM, oldest first. */
  writes(): Promise<Written[]>;
  /** Every write that reached a simulated Udesk, those of one account after those of another, oldest first. */
  udeskWrites(): WrittenToUdesk[];
  /** The customer whom only this pair has on both sides. */
  customerOf(pair: string): CustomerView;
  close(): Promise<void>;
}

export async function startFleet(perMinute: number): Promise<Fleet> {
  const pairs = [0, 1, 2].flatMap((account) =>
    Array.from({ length: PAIRS_PER_ACCOUNT }, (_, n) => `pair-${account}-${n}`),
  );
  const simulators = await Promise.all(
    [0, 1, 2].map((account) =>
      startSimulator({
        customers: pairs
          .filter((pair) => accountOf(pair) === account)
          .map((pair) => ({ nick_name: `Ann of ${pair}`, email: addressOf(pair) })),
        switches: { 'rate.per_minute': String(perMinute) },
      }),
    ),
  );
  const writers = watchWriters();
  const accountWith = (pair: string) => simulators[accountOf(pair)] as Simulator;
  const customerOf = (pair: string) => {
    const found = accountWith(pair).tenant.find('email', addressOf(pair));
    if (found === null) throw new Error(`the customer of ${pair} is gone`);
    return found;
  };
  const crmDb = await createEmptyDatabase();
  const crm = (await crmDb.open({ max: 2 })).sql;
  await crm.unsafe(CRM_LOG);
  for (const pair of pairs) await crm.unsafe(crmTable(pair));
  const oursDb = await createTestDatabase();
  const ours = await oursDb.open({ applicationName: 'onlooker' });
  await ours.sql.unsafe(LEASE_LOG);
  const running: { name: string; run: Running; config: ReturnType<typeof writeConfig> }[] = [];

  return {
    pairs,
    simulators,
    ours,
    crm,
    start(name) {
      const url = `${crmDb.url}?writer.name=${name}`;
      const config = writeConfig(yaml(simulators, pairs, url, perMinute));
      const run = startProgram(['--config', config.file, 'run'], {
        DATABASE_URL: oursDb.url,
        NODE_OPTIONS: PRELOADED.map((file) => `--import ${file}`).join(' '),
        REPLICA: name,
      });
      running.push({ name, run, config });
      return run;
    },
    replicaOf(owner) {
      const pid = Number(owner.split('|')[2]);
      return running.find(({ run }) => run.process.pid === pid)?.name ?? owner;
    },
    leases: async () => [
      ...(await ours.sql<Taken[]>`
        select pair, owner, fence::int as fence, (extract(epoch from at) * 1000)::float8 as "from"
        from lease_log order by at, fence`),
    ],
    writes: async () => [
      ...(await crm<Written[]>`
        select pair, replica, (extract(epoch from at) * 1000)::float8 as at from write_log order by at`),
    ],
    udeskWrites() {
      const pairOf = new Map(pairs.map((pair) => [`${accountOf(pair)} ${customerOf(pair).id}`, pair]));
      return simulators.flatMap((simulator, account) =>
        writers.writes(simulator).map(({ customerId, ...write }) => ({
          ...write,
          pair: pairOf.get(`${account} ${customerId}`) ?? null,
        })),
      );
    },
    customerOf,
    async close() {
      writers.stop();
      for (const { run, config } of running) {
        run.process.kill('SIGKILL');
        if (run.process.exitCode === null && run.process.signalCode === null) await once(run.process, 'exit');
        config.remove();
      }
      await Promise.all(simulators.map((simulator) => simulator.close()));
      await oursDb.drop();
      await crmDb.drop();
    },
  };
}

const CRM_LOG = `
  create table write_log (pair text not null, replica text, at timestamptz not null default clock_timestamp());
  create function log_write() returns trigger language plpgsql as $$
  begin
    if current_setting('writer.name', true) is not null then
      insert into write_log (pair, replica) values (replace(tg_table_name, '_', '-'), current_setting('writer.name', true));
    end if;
    new.updated_at := clock_timestamp();
    return new;
  end $$;`;

function accountOf(pair: string): number {
  return Number(pair.split('-')[1]);
}

function addressOf(pair: string): string {
  return `${pair}@example.com`;
}

/** The table of a pair in the CRM's database. */
export function tableOf(pair: string): string {
  return pair.replaceAll('-', '_');
}

function crmTable(pair: string): string {
  const table = tableOf(pair);
  return `
    create table ${table} (
      id bigint generated always as identity primary key,
      name text, note text, emails text[] not null default '{}', udesk_id text unique,
      updated_at timestamptz not null default clock_timestamp()
    );
    create trigger ${table}_log before insert or update on ${table} for each row execute function log_write();
    insert into ${table} (note, emails) values ('the first', array['${addressOf(pair)}']);`;
}

/** Each taking of a lease, with the time at which it was committed or a little before. */
const LEASE_LOG = `
  create table lease_log (pair text, owner text, fence bigint, at timestamptz default clock_timestamp());
  create function log_lease() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' or new.fence <> old.fence then
      insert into lease_log (pair, owner, fence) values (new.pair, new.owner, new.fence);
    end if;
    return new;
  end $$;
  create trigger lease_log after insert or update on udesk_sync.lease for each row execute function log_lease();`;

function yaml(simulators: readonly Simulator[], pairs: readonly string[], crmUrl: string, perMinute: number) {
  const blocks = pairs.map((pair) => {
    const simulator = simulators[accountOf(pair)];
    return `
  - name: ${pair}
    firstRun: auto
    udesk:
      baseUrl: ${simulator?.url}
      email: ${simulator?.admin.email}
      token: ${simulator?.admin.token}
      quota: { perMinute: ${perMinute} }
    crm: { adapter: postgres, url: "${crmUrl}", table: ${tableOf(pair)}, externalId: udesk_id, updatedAt: updated_at }
    create: { inCrm: false, inUdesk: false }
    schedule: { crm: "*/2 * * * * *", head: "*/20 * * * * *" }
    fields:
      - { udesk: nick_name, crm: name }
      - { udesk: description, crm: note }
      - { udesk: emails, crm: emails }`;
  });
  return `http: { port: 0 }\npairs:${blocks.join('')}\n`;
}
