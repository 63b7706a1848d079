/** One look at a daemon from outside: its own metrics, and the server's view of its connections. */
import type postgres from 'postgres';

export interface Sample {
  readonly minute: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** Heap in use after a collection; null where none was forced. */
  readonly liveMb: number | null;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly resources: number;
  readonly fds: number;
  readonly connections: number;
  readonly outbox: number;
  /** From sighting to arrival, of the last 15 minutes, the worse side. */
  readonly lagP95S: number | null;
  readonly edits: number;
}

export const MB = 1024 * 1024;

/** Sums of the lines of one name; null where there is none. */
export function metricIn(text: string, name: string, label = ''): number | null {
  const values = valuesOf(text, name, label);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function valuesOf(text: string, name: string, label: string): number[] {
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
}

/** What `/metrics` says. @throws when the process' own figures are missing: a gap would look like a calm minute */
export function sampleOf(
  text: string,
  rest: Pick<Sample, 'minute' | 'liveMb' | 'connections' | 'edits'>,
): Sample {
  const own = (name: string) => {
    const value = metricIn(text, name);
    if (value === null) throw new Error(`/metrics has no ${name}`);
    return value;
  };
  const lags = valuesOf(text, 'udesk_sync_lag_seconds', 'quantile="0.95"');
  return {
    rssMb: own('process_resident_memory_bytes') / MB,
    heapMb: own('nodejs_heap_size_used_bytes') / MB,
    loopP99Ms: own('nodejs_eventloop_lag_p99_seconds') * 1_000,
    loopMaxMs: own('nodejs_eventloop_lag_max_seconds') * 1_000,
    resources: own('nodejs_active_resources_total'),
    fds: own('process_open_fds'),
    outbox: own('udesk_sync_outbox'),
    lagP95S: lags.length === 0 ? null : Math.max(...lags),
    ...rest,
  };
}

/** The daemon's connections: to its own database and to the CRM's. */
export async function connectionsOf(sql: postgres.Sql, databases: readonly string[]): Promise<number> {
  const [row] = await sql`
    select count(*)::int as n from pg_stat_activity
    where datname = any(${[...databases]}) and application_name like 'udesk-sync%'`;
  return Number(row?.n);
}
