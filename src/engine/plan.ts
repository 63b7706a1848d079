import type { LinkPlan } from '../core/link.ts';
import { type GuardClass, guardClass, type PlanItem, planHash, planItems } from '../core/plan.ts';
import { type PlanSample, SAMPLE_BOUNDS, startSample } from '../core/plan-sample.ts';
import { isLeftAlone } from '../core/quiet.ts';
import { reconcileLink } from '../core/reconcile.ts';
import { otherSide, type SideName } from '../core/record.ts';
import { createsIn, type PairSpec, sideField } from '../core/spec.ts';
import { sha256 } from '../lib/hash.ts';
import { maybeCreated } from '../store/records.ts';
import { idsHeldByLinks } from '../store/returned.ts';
import type { Cycle } from './context.ts';
import { type LoadedLink, loadLinksToPlan, loadUnmatched } from './load-links.ts';
import type { MatchReport } from './match.ts';
import { persistPlans } from './persist-plan.ts';

const CHUNK_LINKS = 500;

export interface PlannedLink {
  readonly link: LoadedLink;
  readonly plan: LinkPlan;
}

/** What a plan amounts to; the hash stands for every single write of it. */
export interface PlanSummary {
  readonly creates: Readonly<Record<SideName, number>>;
  readonly updates: Readonly<Record<SideName, number>>;
  readonly deletes: Readonly<Record<SideName, number>>;
  /** Writes per guard class, and links of which something is overwritten. */
  readonly guarded: Readonly<Record<GuardClass, number>>;
  readonly overwrittenLinks: number;
  readonly held: number;
  /** For whoever has to approve it. */
  readonly sample: PlanSample;
  /** By guard class, so that the held part of a plan has a hash of its own. */
  readonly hashOf: (classes: readonly GuardClass[]) => string;
}

/** A plan for reading: nothing is written anywhere. `onItem` receives each write of each field. */
export async function planDry(
  cycle: Cycle,
  unmatched: MatchReport['unmatched'],
  onItem: (item: PlanItem, link: PlannedLink) => void = () => {},
): Promise<PlanSummary> {
  const tally = startTally();
  for await (const chunk of planChunks(cycle, unmatched)) {
    for (const planned of chunk) {
      tally.add(planned);
      for (const item of planItems(planned.link.state, planned.plan)) onItem(item, planned);
    }
  }
  return tally.summary();
}

/**
 * The plan as durable rows: per chunk, conflicts, bases and intents commit in one transaction (P3). The intents are
 * only `planned`; nothing is sent before the guard has judged the whole plan. No remote call in here.
 */
export async function planIntoOutbox(
  cycle: Cycle,
  unmatched: MatchReport['unmatched'],
  round: number,
): Promise<PlanSummary> {
  const tally = startTally();
  for await (const chunk of planChunks(cycle, unmatched)) {
    for (const planned of chunk) tally.add(planned);
    await persistPlans(cycle, chunk, round);
  }
  return tally.summary();
}

async function* planChunks(cycle: Cycle, unmatched: MatchReport['unmatched']): AsyncGenerator<PlannedLink[]> {
  const { db, spec } = cycle;
  const plan = (links: readonly LoadedLink[]): PlannedLink[] =>
    links
      .filter((link) => mayTravel(link, cycle.quietSince ?? null, cycle.clock()))
      .map((link) => ({ link, plan: reconcileLink(spec, link.state) }));
  let done = 0;
  for (let afterId = '0'; ; ) {
    const { links, lastId, isLast } = await loadLinksToPlan(
      db,
      spec.name,
      afterId,
      CHUNK_LINKS,
      cycle.clock(),
    );
    if (lastId === null) break;
    afterId = lastId;
    cycle.signal.throwIfAborted();
    yield plan(links);
    done += links.length;
    cycle.progress('planning', done, null);
    if (isLast) break;
  }
  for (const side of ['udesk', 'crm'] as const) {
    if (!createsIn(spec, otherSide(side))) continue;
    const suspects = unmatched[side].length === 0 ? [] : await createdUnseen(cycle, side);
    for (let start = 0; start < unmatched[side].length; start += CHUNK_LINKS) {
      cycle.signal.throwIfAborted();
      const ids = unmatched[side].slice(start, start + CHUNK_LINKS);
      const held = await idsHeldByLinks(db, spec.name, side, ids);
      for (const id of suspects) held.add(id);
      const links = await loadUnmatched(
        db,
        spec.name,
        side,
        ids.filter((id) => !held.has(id)),
      );
      // A record from which nothing flows would make an empty record on the other side.
      yield plan(links).filter(({ plan: { writes } }) => writes.some((w) => Object.keys(w.patch).length > 0));
    }
  }
}

/**
 * Without a marker, and a batch carries none, only its e-mails and phones tell what an unknown create made. Asked once for all
 * chunks: the question reads every write that is on record.
 */
async function createdUnseen(cycle: Cycle, side: SideName): Promise<readonly string[]> {
  const { db, spec, sides } = cycle;
  const inBatches = sides[side].manifest.externalId !== null;
  if (inBatches && sides[side].batchCreate === undefined) return [];
  return [...(await maybeCreated(db, spec.name, side, keyFields(spec, side), inBatches))];
}

function keyFields(spec: PairSpec, side: SideName): string[] {
  return spec.fields
    .filter(({ equivalence }) => equivalence === 'email' || equivalence === 'phone')
    .map((field) => sideField(field, side));
}

/** What has to wait stays dirty, and is planned in a later cycle. */
function mayTravel({ records, state }: LoadedLink, since: Date | null, now: Date): boolean {
  const changedAt = [records.udesk, records.crm].flatMap((record) => record?.observedAt ?? []);
  const decided = state.conflicts.some(({ decision }) => decision !== null);
  return isLeftAlone(changedAt, decided, since, now);
}

function startTally(): { add: (planned: PlannedLink) => void; summary: () => PlanSummary } {
  const none = () => ({ udesk: 0, crm: 0 });
  const counts = { create: none(), update: none(), delete: none() };
  const hashes: Record<GuardClass, string[]> = { create: [], overwrite: [], fill: [], delete: [] };
  const { add: addToSample, sample } = startSample(SAMPLE_BOUNDS);
  let overwrittenLinks = 0;
  let held = 0;
  return {
    add({ link, plan }) {
      addToSample(link.state, plan);
      let overwrites = false;
      for (const write of plan.writes) {
        counts[write.op][write.side] += 1;
        const kind = guardClass(write);
        hashes[kind].push(planHash(planItems(link.state, { ...plan, writes: [write] })));
        overwrites ||= kind === 'overwrite';
      }
      if (overwrites) overwrittenLinks += 1;
      held += plan.conflicts.filter((change) => change.action === 'hold').length;
    },
    summary: () => ({
      creates: counts.create,
      updates: counts.update,
      deletes: counts.delete,
      guarded: {
        create: hashes.create.length,
        overwrite: hashes.overwrite.length,
        fill: hashes.fill.length,
        delete: hashes.delete.length,
      },
      overwrittenLinks,
      held,
      sample: sample(),
      hashOf: (classes) =>
        sha256(
          classes
            .flatMap((kind) => hashes[kind])
            .sort()
            .join('\n'),
        ),
    }),
  };
}
