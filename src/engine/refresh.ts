/**
 * One record, read now because a person asked (lane `point`). The read alone is data: one that is not there proves no
 * deletion (P7), and nothing is written to either side: what follows is the next cycle's.
 */
import type { ActiveConflict, ConflictKind } from '../core/link.ts';
import { type Delta, deltaOf } from '../core/observation.ts';
import { type PlanItem, planItems } from '../core/plan.ts';
import { reconcileLink } from '../core/reconcile.ts';
import type { SideName } from '../core/record.ts';
import { markFeedsDue } from '../store/feeds.ts';
import { linksInFlight } from '../store/intents.ts';
import { type LinkRow, loadLinkOf, reviewsAbout } from '../store/links.ts';
import { loadPair } from '../store/pairs.ts';
import { saveVerified } from '../store/reach.ts';
import { loadRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import { knownAccount } from './account.ts';
import type { EngineContext, PairRuntime } from './context.ts';
import { holdLease } from './lease-keeper.ts';
import { loadLinkStates } from './load-links.ts';
import { storeOne } from './observe.ts';

export interface RefreshReport {
  readonly pair: string;
  readonly side: SideName;
  readonly id: string;
  /** `missing`: the side says that there is no such record, and the mirror knows it; `unknown`: nobody knows it. */
  readonly seen: 'new' | 'changed' | 'unchanged' | 'returned' | 'missing' | 'unknown';
  /** In the side's own field names and values; of a new record, everything. */
  readonly delta: Delta;
  readonly link: LinkRow | null;
  /** Questions of identity in which the record takes part. */
  readonly reviews: readonly LinkRow[];
  readonly next: NextStep;
}

/** What the next cycle would do with it, as far as this record and its link tell. */
export type NextStep =
  /** `why`: no write is planned while this holds. */
  | { readonly kind: 'waits'; readonly why: 'in-flight' | 'first-run' | 'review' | 'ended' }
  | { readonly kind: 'match' }
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'plan';
      readonly writes: readonly PlanItem[];
      readonly conflicts: readonly {
        readonly field: string;
        readonly kind: ConflictKind;
        readonly reason: string;
      }[];
      readonly open: readonly ActiveConflict[];
    };

export interface RefreshRequest {
  readonly side: SideName;
  readonly id: string;
  readonly leaseWaitMs?: number;
  readonly signal?: AbortSignal;
}

export async function refreshRecord(
  context: EngineContext,
  pair: PairRuntime,
  request: RefreshRequest,
): Promise<RefreshReport> {
  const { side, id } = request;
  const { name } = pair.spec;
  const { db } = context;
  const lease = await holdLease(context, name, request.leaseWaitMs ?? 20_000, request.signal);
  try {
    const signal = AbortSignal.any([lease.signal, ...(request.signal === undefined ? [] : [request.signal])]);
    const look = { ...context, ...pair, fence: lease.fence, signal, runId: null };
    const known = await loadPair(db, name);
    await knownAccount(look, known, side, await pair.sides[side].fingerprint({ signal }), null);
    const before = (await loadRecords(db, name, side, [id])).get(id) ?? null;
    const at = context.clock();
    const found = await pair.sides[side].read(id, { signal });
    if (found === null) {
      const seen = before === null || before.state === 'deleted' ? 'unknown' : 'missing';
      return { ...(await aboutRecord(context, pair, side, id)), seen, delta: {} };
    }
    await fenced(db, lease.fence, async (tx) => {
      await storeOne(look, tx, side, 'point', found);
      await saveVerified(tx, name, { side, id: found.id }, at);
      if (side === 'udesk') await markFeedsDue(tx, name, [found.id]);
    });
    const after = (await loadRecords(db, name, side, [found.id])).get(found.id);
    const delta = after === undefined ? {} : deltaOf(before?.record ?? null, after.record);
    const changed = before?.obsSeq === after?.obsSeq ? 'unchanged' : 'changed';
    const seen = before === null ? 'new' : before.state === 'deleted' ? 'returned' : changed;
    return { ...(await aboutRecord(context, pair, side, found.id)), seen, delta };
  } finally {
    await lease.release().catch(() => {});
  }
}

async function aboutRecord(
  { db, clock }: EngineContext,
  { spec }: PairRuntime,
  side: SideName,
  id: string,
): Promise<Omit<RefreshReport, 'seen' | 'delta'>> {
  const record = (await loadRecords(db, spec.name, side, [id])).get(id);
  const linkId = record?.linkId ?? null;
  const link = linkId === null ? null : await loadLinkOf(db, spec.name, linkId);
  const reviews = await reviewsAbout(db, spec.name, side, id);
  const about = { pair: spec.name, side, id, link, reviews };
  const next = async (): Promise<NextStep> => {
    if (record === undefined) return { kind: 'nothing' };
    if ((await loadPair(db, spec.name)).firstRun === 'pending') return { kind: 'waits', why: 'first-run' };
    if (link === null) return reviews.length > 0 ? { kind: 'waits', why: 'review' } : { kind: 'match' };
    if (link.state !== 'confirmed') return { kind: 'waits', why: 'ended' };
    if ((await linksInFlight(db, spec.name, [link.id])).size > 0) return { kind: 'waits', why: 'in-flight' };
    const [loaded] = await loadLinkStates(db, spec.name, [link], clock());
    if (loaded === undefined) return { kind: 'nothing' };
    const plan = reconcileLink(spec, loaded.state);
    const conflicts = plan.conflicts.flatMap((change) =>
      change.action === 'hold' ? [{ field: change.field, kind: change.kind, reason: change.reason }] : [],
    );
    const writes = planItems(loaded.state, plan);
    const open = loaded.state.conflicts;
    if (writes.length + conflicts.length + open.length === 0) return { kind: 'nothing' };
    return { kind: 'plan', writes, conflicts, open };
  };
  return { ...about, next: await next() };
}
