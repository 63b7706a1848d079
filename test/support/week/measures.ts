/** What the week is measured by: the quota at Udesk's own door, and what the process and its database hold. */
import { readdirSync } from 'node:fs';
import type postgres from 'postgres';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { WeekPeople } from './people.ts';

export interface Sample {
  readonly day: number;
  readonly rssMb: number;
  /** After a collection. */
  readonly heapMb: number;
  readonly handles: number;
  /** Null where there is no /proc. */
  readonly fds: number | null;
  readonly connections: number;
  readonly databaseMb: number;
  readonly runs: number;
  readonly intents: number;
  readonly edits: number;
}

const MB = 1024 * 1024;

export async function sampleOf(
  day: number,
  {
    ours,
    crm,
    people,
  }: { readonly ours: postgres.Sql; readonly crm: postgres.Sql; readonly people: WeekPeople },
): Promise<Sample> {
  const { rss, heapUsed } = process.memoryUsage();
  const [row] = await ours`
    select (select sum(pg_total_relation_size(c.oid))::float8 from pg_class c
              join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'udesk_sync' and c.relkind = 'r') as bytes,
      (select count(*)::int from udesk_sync.run) as runs,
      (select count(*)::int from udesk_sync.intent) as intents`;
  return {
    day,
    rssMb: rss / MB,
    heapMb: heapUsed / MB,
    handles: process.getActiveResourcesInfo().filter((kind) => /socket|server|pipe/i.test(kind)).length,
    fds: openFiles(),
    connections: (await connections(ours)) + (await connections(crm)),
    databaseMb: Number(row?.bytes) / MB,
    runs: Number(row?.runs),
    intents: Number(row?.intents),
    edits: people.edits.length,
  };
}

async function connections(sql: postgres.Sql): Promise<number> {
  const [row] = await sql`
    select count(*)::int as n from pg_stat_activity
    where datname = current_database() and application_name like 'udesk-sync%'`;
  return Number(row?.n);
}

function openFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return null;
  }
}

export interface QuotaWatch {
  /** The most calls in any sliding 60 s of true time. */
  readonly busiest: number;
  readonly calls: number;
  readonly writes: number;
  /** Takes over what has arrived; only while nothing is under way. */
  look(): void;
}

export function createQuotaWatch(simulator: Simulator): QuotaWatch {
  /** Of the last minute. */
  let recent: number[] = [];
  let busiest = 0;
  let calls = 0;
  let writes = 0;
  return {
    get busiest() {
      return busiest;
    },
    get calls() {
      return calls;
    },
    get writes() {
      return writes;
    },
    look() {
      for (const { at, write } of simulator.log) {
        calls += 1;
        if (write) writes += 1;
        recent = [...recent.filter((other) => at - other < 60_000), at];
        busiest = Math.max(busiest, recent.length);
      }
      simulator.clearLog();
    },
  };
}

/** What a person would have had to do, and the conflicts that wait: `email field`. */
export async function handsNeeded(
  ours: postgres.Sql,
  simulator: Simulator,
): Promise<{ readonly hands: Readonly<Record<string, number>>; readonly conflicts: readonly string[] }> {
  const [hands] = await ours`
    select (select count(*)::int from udesk_sync.guard) as guards,
      (select count(*)::int from udesk_sync.approval) as approvals,
      (select count(*)::int from udesk_sync.decision_log) as decisions,
      (select count(*)::int from udesk_sync.parked where state = 'parked') as parked,
      (select count(*)::int from udesk_sync.intent where state not in ('settled', 'dropped', 'parked')) as waiting`;
  const conflicts = await ours`
    select l.udesk_id, c.field, c.state from udesk_sync.conflict c join udesk_sync.link l on l.id = c.link_id`;
  return {
    hands: { ...hands },
    conflicts: conflicts.map(
      ({ udesk_id, field, state }) => `${simulator.tenant.get(udesk_id)?.email} ${field} ${state}`,
    ),
  };
}
