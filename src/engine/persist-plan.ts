import type { ConflictChange, FieldBase, LinkState, PlannedWrite } from '../core/link.ts';
import { guardClass } from '../core/plan.ts';
import { idOn, SIDES, type SideName } from '../core/record.ts';
import { sideField } from '../core/spec.ts';
import { claimKeys } from '../store/claims.ts';
import { fileConflicts } from '../store/conflict-search.ts';
import { type ConflictWrite, closeConflicts, writeConflicts } from '../store/conflicts.ts';
import { fieldRivals } from '../store/feeds.ts';
import { insertIntents, type NewIntent, retireParked } from '../store/intents.ts';
import { decidedSincePlanned } from '../store/link-decisions.ts';
import { breakLink, forgetLinks, insertConfirmedLinks, saveBases, setLinksDirty } from '../store/links.ts';
import { clearDirty, keyedRecords } from '../store/records.ts';
import { clearRebased } from '../store/restore.ts';
import { closeReverts, revertsSincePlanned } from '../store/reverts.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import type { PlannedLink } from './plan.ts';

/** Everything that a chunk of plans says, in one transaction: conflict rows, the base changes they explain, intents. */
export async function persistPlans(
  cycle: Cycle,
  chunk: readonly PlannedLink[],
  round: number,
): Promise<void> {
  if (chunk.length === 0) return;
  const { db, fence, spec } = cycle;
  const at = cycle.clock();
  await fenced(db, fence, async (tx) => {
    const current = await stillCurrent(tx, spec.name, chunk);
    const ids = await linkIds(tx, cycle, current, at);
    const taken = current.flatMap((planned, n) => {
      const linkId = ids[n];
      return linkId === null || linkId === undefined ? [] : [{ ...planned, linkId }];
    });
    const refused = await claimForCreates(tx, cycle, taken);
    const withIds = taken.filter(({ linkId }) => !refused.has(linkId));
    const conflicts: ConflictWrite[] = [];
    const closes: { linkId: string; field: string; outcome: 'converged' | 'resolved' }[] = [];
    const bases: { id: string; bases: Record<string, FieldBase> }[] = [];
    for (const { link, plan, linkId } of withIds) {
      for (const change of plan.conflicts) {
        if (change.action === 'close') closes.push({ linkId, field: change.field, outcome: change.outcome });
        else conflicts.push({ linkId, change, ...changeTimes(link, change, at) });
      }
      if (Object.keys(plan.bases).length > 0) {
        bases.push({ id: linkId, bases: { ...link.state.bases, ...plan.bases } });
      }
    }
    await writeConflicts(tx, spec.name, await withRivals(tx, cycle, withIds, conflicts), at);
    await closeConflicts(tx, spec.name, closes, at);
    await saveBases(tx, spec.name, bases);
    await closeReverts(
      tx,
      spec.name,
      withIds.flatMap(({ plan }) => plan.reverts ?? []),
      at,
    );
    await retireParked(
      tx,
      spec.name,
      withIds.map(({ linkId }) => linkId),
      at,
    );
    const intents = withIds.flatMap(({ link, plan, linkId }) =>
      plan.writes.map((write) => toIntent(write, linkId, link.state)),
    );
    await insertIntents(tx, spec.name, { runId: cycle.runId, round }, intents, at);
    for (const { plan, linkId } of withIds) {
      if (plan.life.action !== 'none') await breakLink(tx, spec.name, linkId, plan.life, at);
    }
    await setLinksDirty(
      tx,
      spec.name,
      withIds.map(({ linkId }) => linkId),
      false,
    );
    await setLinksDirty(
      tx,
      spec.name,
      withIds.flatMap((planned) => (undoGoesOn(planned) ? [planned.linkId] : [])),
      true,
    );
    await clearRebased(
      tx,
      spec.name,
      withIds.flatMap(({ link, linkId }) => (link.row?.rebased === true ? [linkId] : [])),
    );
    // What was planned again was seen again: names and owners may be others now.
    await fileConflicts(
      tx,
      spec.name,
      withIds.map(({ linkId }) => linkId),
    );
    for (const side of ['udesk', 'crm'] as const) await clearPlanned(tx, cycle, side, withIds);
  });
}

/** An undo waits for a row that ends with this plan: the next one sees what is left of it. */
function undoGoesOn({ link, plan }: PlannedLink): boolean {
  const over = new Set(plan.reverts?.map(({ id }) => id));
  const ends = new Set(
    plan.conflicts.flatMap((change) =>
      change.action === 'close' || (change.action === 'decided' && change.done) ? [change.field] : [],
    ),
  );
  return (link.state.reverts ?? []).some(({ id, field }) => !over.has(id) && ends.has(field));
}

/** Without the links about which a person decided something after they were loaded: this plan does not know it. */
async function stillCurrent(
  tx: Db,
  pair: string,
  chunk: readonly PlannedLink[],
): Promise<readonly PlannedLink[]> {
  const known = chunk.flatMap(({ link: { row, state } }) => (row === null ? [] : [{ id: row.id, state }]));
  const [decided, undone] = await Promise.all([
    decidedSincePlanned(
      tx,
      pair,
      known.map(({ id, state }) => ({
        id,
        decisions: state.conflicts.flatMap((c) => c.decision?.id ?? []),
      })),
    ),
    revertsSincePlanned(
      tx,
      pair,
      known.map(({ id, state }) => ({ id, reverts: (state.reverts ?? []).map((revert) => revert.id) })),
    ),
  ]);
  if (decided.size + undone.size === 0) return chunk;
  return chunk.filter(({ link }) => !decided.has(link.row?.id ?? '') && !undone.has(link.row?.id ?? ''));
}

async function linkIds(
  tx: Db,
  cycle: Cycle,
  chunk: readonly PlannedLink[],
  at: Date,
): Promise<(string | null)[]> {
  const fresh = chunk.filter(({ link }) => link.row === null);
  const inserted = await insertConfirmedLinks(
    tx,
    cycle.spec.name,
    fresh.map(({ link }) => ({
      udeskId: link.state.udeskId,
      crmId: link.state.crmId,
      evidence: [{ kind: 'created' }],
      decidedBy: 'create',
    })),
    at,
  );
  let next = 0;
  return chunk.map(({ link }) => (link.row === null ? (inserted[next++] ?? null) : link.row.id));
}

/** A tug-of-war names who else changed the field on each side: one of them is the other automation. */
async function withRivals(
  tx: Db,
  { spec }: Cycle,
  planned: readonly (PlannedLink & { linkId: string })[],
  conflicts: readonly ConflictWrite[],
): Promise<ConflictWrite[]> {
  const named: ConflictWrite[] = [];
  for (const write of conflicts) {
    const { change, linkId } = write;
    const field =
      change.kind === 'tug-of-war' ? spec.fields.find(({ udesk }) => udesk === change.field) : null;
    const link = planned.find((one) => one.linkId === linkId)?.link.state;
    let told = change.reason;
    for (const side of SIDES) {
      const id = link && idOn(link, side);
      if (!field || !id) continue;
      const rivals = await fieldRivals(tx, spec.name, side, id, sideField(field, side));
      if (rivals.length > 0) told = naming(told, side, rivals.join(', '));
    }
    named.push({ ...write, change: { ...change, reason: told } });
  }
  return named;
}

function naming(reason: string, side: SideName, who: string): string {
  return side === 'udesk'
    ? `${reason}. In Udesk it was changed by ${who}`
    : `${reason}. In the CRM it was changed by ${who}`;
}

/** When each value was changed, as far as its side's own clock says so; else when the difference was first seen. */
function changeTimes(
  link: PlannedLink['link'],
  change: Exclude<ConflictChange, { action: 'close' }>,
  at: Date,
): { udeskAt: string | null; crmAt: string | null } {
  const time = (side: SideName) =>
    change[side] === null ? null : (link.records[side]?.record.updatedAt ?? at.toISOString());
  return { udeskAt: time('udesk'), crmAt: time('crm') };
}

function toIntent(write: PlannedWrite, linkId: string, state: LinkState): NewIntent {
  const [own, other] = write.side === 'udesk' ? [state.udeskId, state.crmId] : [state.crmId, state.udeskId];
  return {
    linkId,
    side: write.side,
    op: write.op,
    guardClass: guardClass(write),
    remoteId: write.op === 'create' ? null : own,
    patch: write.patch,
    reasons: write.reasons,
    source: write.source,
    halves: write.halves,
    decisions: decisionsOf(write, state),
    marker: write.op === 'create' ? other : null,
    priority: priorityOf(write),
  };
}

function decisionsOf(write: PlannedWrite, state: LinkState): Record<string, string> {
  const decisions: Record<string, string> = {};
  for (const { field, decision } of state.conflicts) {
    const carried = write.reasons[field] === 'decision' || (field === '*' && write.op !== 'update');
    if (decision !== null && carried) decisions[field] = decision.id;
  }
  return decisions;
}

/** People first; then what releases unique values, so that who claims them later finds them free. */
function priorityOf(write: PlannedWrite): 0 | 1 | 2 | 3 {
  if (Object.values(write.reasons).includes('decision')) return 0;
  if (write.op === 'create') return 3;
  const releases = Object.values(write.patch).some(
    ({ ops }) => ops !== null && ops.remove.length + ops.change.length > 0,
  );
  return releases || write.op === 'delete' ? 1 : 2;
}

/**
 * One create per person: e-mails and phones are claimed before anything is sent (P5). Of two records that share one,
 * the second stays unlinked: once the first exists, matching asks a person about it.
 */
async function claimForCreates(
  tx: Db,
  cycle: Cycle,
  planned: readonly (PlannedLink & { linkId: string })[],
): Promise<Set<string>> {
  const creates = planned.flatMap(({ link, plan, linkId }) => {
    const write = plan.writes.find(({ op }) => op === 'create');
    const source = write?.side === 'udesk' ? link.records.crm : link.records.udesk;
    return write === undefined || source === null ? [] : [{ linkId, side: write.side, id: source.record.id }];
  });
  const claims = [];
  for (const side of ['udesk', 'crm'] as const) {
    const ofSide = creates.filter((create) => create.side === side);
    const from = side === 'udesk' ? 'crm' : 'udesk';
    const keyed = await keyedRecords(
      tx,
      cycle.spec.name,
      from,
      ofSide.map(({ id }) => id),
    );
    const keysOf = new Map(keyed.map((record) => [record.id, record.keys]));
    for (const { linkId, id } of ofSide) {
      const natural = (keysOf.get(id) ?? []).filter((key) => !key.startsWith('token:'));
      claims.push({ linkId, side, keys: natural });
    }
  }
  const refused = await claimKeys(tx, cycle.spec.name, claims);
  const fresh = planned.filter(({ link, linkId }) => link.row === null && refused.has(linkId));
  await forgetLinks(
    tx,
    cycle.spec.name,
    fresh.map(({ linkId }) => linkId),
  );
  return refused;
}

async function clearPlanned(
  tx: Db,
  cycle: Cycle,
  side: SideName,
  chunk: readonly PlannedLink[],
): Promise<void> {
  const planned = chunk.flatMap(({ link }) => {
    const record = link.records[side];
    return record === null ? [] : [{ id: record.record.id, obsSeq: record.obsSeq }];
  });
  await clearDirty(tx, cycle.spec.name, side, planned);
}
