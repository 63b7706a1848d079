/** What the overview tells of one pair. Two parts: how it stands now, and how it went lately, which costs more to count. */
import type { PairConfig } from '../../config/schema.ts';
import { loadPairNow, type PairNow } from '../../report/status-document.ts';
import { type ConflictDay, conflictDays } from '../../report/sync/document.ts';
import { type FreshnessClass, freshnessOf } from '../../store/freshness.ts';
import { countPair } from '../../store/pair-status.ts';
import { conflictFacts } from '../../store/report-conflicts.ts';
import { type EditLags, editLagsOf, type RunsRow, runsOf } from '../../store/report-traffic.ts';
import type { Visit } from '../visit.ts';

const DAY_MS = 86_400_000;
const CHART_DAYS = 14;

/** Counts of many records may be some seconds old. */
export async function pairNow({ services, now, remember }: Visit, pair: PairConfig): Promise<PairNow> {
  return await loadPairNow(services.db, pair, now, (...of) =>
    remember(
      `counts of ${pair.name}`,
      () => countPair(...of),
      ({ records }) => records.udesk + records.crm,
    ),
  );
}

export interface PairLately {
  readonly name: string;
  /** Of edits that arrived in the last day. */
  readonly lag: EditLags;
  /** Of the last day. */
  readonly runs: RunsRow | null;
  readonly days: readonly ConflictDay[];
  /** How long ago the records of the mirror were known to be right. */
  readonly freshness: readonly FreshnessClass[];
}

export async function pairLately({ services, now }: Visit, { name }: PairConfig): Promise<PairLately> {
  const { db, config } = services;
  const scope = (ms: number) => ({
    since: new Date(now.getTime() - ms),
    until: now,
    pairs: [name],
    timezone: config.timezone,
  });
  const lag = await editLagsOf(db, scope(DAY_MS));
  const [runs] = await runsOf(db, scope(DAY_MS));
  const period = scope((CHART_DAYS - 1) * DAY_MS);
  const days = conflictDays({ ...period, facts: await conflictFacts(db, period) });
  return { name, lag, runs: runs ?? null, days, freshness: await freshnessOf(db, name, now) };
}
