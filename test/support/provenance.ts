/** P12, to be asked of any world at any time: does every current value have a chain to an observation or a decision? */
import { sql } from 'drizzle-orm';
import { type Trace, traceAll } from '../../src/core/provenance.ts';
import type { SideName } from '../../src/core/record.ts';
import type { PairSpec } from '../../src/core/spec.ts';
import { loadHistory } from '../../src/store/history.ts';
import { type Db, rows } from '../../src/store/tx.ts';

export interface Provenance {
  /** One per live record's mapped field. */
  readonly traces: readonly Trace[];
  /** In words, with ids and field names only: what has no origin. Empty when the promise holds. */
  readonly gaps: readonly string[];
}

/** Every mapped field of every live record of both sides of the pair. Asks our database alone. */
export async function provenanceOf(db: Db, spec: PairSpec): Promise<Provenance> {
  const live = await rows<{ side: SideName; id: string }>(
    db,
    sql`select side, remote_id as id from udesk_sync.record
        where pair = ${spec.name} and state = 'live' order by side, remote_id`,
  );
  const traces: Trace[] = [];
  const gaps: string[] = [];
  const told = new Set<string>();
  for (const { side, id } of live) {
    if (told.has(`${side} ${id}`)) continue;
    const history = await loadHistory(db, spec.name, side, id);
    for (const trace of history === null ? [] : traceAll(history, spec.fields)) {
      const record = history?.records[trace.side][0]?.id ?? '?';
      told.add(`${trace.side} ${record}`);
      traces.push(trace);
      if (trace.gap !== null) gaps.push(`${trace.side} ${record} ${trace.field}: ${trace.gap}`);
    }
    // Whoever is asked for must have been told of: by the link that holds the record, or alone.
    if (!told.has(`${side} ${id}`)) gaps.push(`${side} ${id}: its history is that of another record`);
  }
  return { traces, gaps };
}
