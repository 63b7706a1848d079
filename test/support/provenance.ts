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
  const live = await rows<{ side: SideName; id: string; link_id: string | null }>(
    db,
    sql`select side, remote_id as id, link_id from udesk_sync.record
        where pair = ${spec.name} and state = 'live' order by side, remote_id`,
  );
  const traces: Trace[] = [];
  const gaps: string[] = [];
  for (const { side, id } of live) {
    const history = await loadHistory(db, spec.name, side, id);
    const own = history === null ? [] : traceAll(history, spec.fields).filter((trace) => trace.side === side);
    if (history?.records[side][0]?.id !== id)
      gaps.push(`${side} ${id}: its history begins with another record`);
    traces.push(...own);
    for (const { field, gap } of own) if (gap !== null) gaps.push(`${side} ${id} ${field}: ${gap}`);
  }
  return { traces, gaps };
}
