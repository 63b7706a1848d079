/**
 * What an undo would do, before it is asked for: the planner's own answer to the wish, per field. Nothing is written
 * here to either side; the wish is recorded (src/store/reverts.ts), and a cycle carries it out like everything else.
 */
import { evaluateGuards, type TrippedGuard } from '../core/guard.ts';
import type { LinkPlan, LinkState, RevertedWrite, RevertRequest } from '../core/link.ts';
import { guardClass } from '../core/plan.ts';
import { reconcileLink } from '../core/reconcile.ts';
import { idOn, SIDES, type SideName } from '../core/record.ts';
import { type PairSpec, sideField } from '../core/spec.ts';
import type { Value } from '../core/value.ts';
import { countLinks, type LinkRow, loadLinks } from '../store/links.ts';
import { type NewRevertField, type SettledIntent, settledIntents, waitingReverts } from '../store/reverts.ts';
import type { RevertScope } from '../store/schema/revert.ts';
import { overwrittenSince } from '../store/sent-since.ts';
import type { Db } from '../store/tx.ts';
import { type LoadedLink, loadLinkStates } from './load-links.ts';

const CHUNK_LINKS = 500;

export type RevertOutcome =
  /** The side gets back what it held before our write. */
  | 'restore'
  /** Somebody changed it since: it becomes a conflict, and a person decides. */
  | 'edited'
  /** An edit of a person is on its way and goes first; then it is seen what still stands. */
  | 'waits'
  /** Nothing is done; `why` says why. */
  | 'skipped';

/** One field of one side. */
export interface RevertItem {
  readonly linkId: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly field: string;
  /** Null: the whole record. */
  readonly side: SideName;
  readonly outcome: RevertOutcome;
  /** In the side's own values; null where nothing is written. */
  readonly before: Value;
  readonly after: Value;
  readonly why: string | null;
}

export interface RevertPreview {
  readonly items: readonly RevertItem[];
  /** What to record, so that it happens. */
  readonly wishes: readonly NewRevertField[];
  /** Guards that would hold it until a person approves. */
  readonly guards: readonly TrippedGuard[];
}

export async function previewRevert(
  { db, clock }: { readonly db: Db; readonly clock: () => Date },
  spec: PairSpec,
  scope: RevertScope,
  bothSides: boolean,
): Promise<RevertPreview> {
  const byLink = Map.groupBy(await settledIntents(db, spec.name, scope), ({ linkId }) => linkId);
  const items: RevertItem[] = [];
  const wishes: NewRevertField[] = [];
  let overwritten = 0;
  const ids = [...byLink.keys()];
  for (let start = 0; start < ids.length; start += CHUNK_LINKS) {
    const rows = (await loadLinks(db, spec.name, ids.slice(start, start + CHUNK_LINKS))).sort(
      (a, b) => Number(a.id) - Number(b.id),
    );
    const confirmed = rows.filter(({ state }) => state === 'confirmed');
    const states = new Map(
      (await loadLinkStates(db, spec.name, confirmed)).map((one) => [one.state.linkId, one]),
    );
    const waiting = await waitingReverts(
      db,
      spec.name,
      confirmed.map(({ id }) => id),
    );
    for (const row of rows) {
      const intents = byLink.get(row.id) ?? [];
      const wanted = writesOf(spec, intents.filter(wroteTo(row)), scope.field);
      items.push(...leftAlone(row, intents, scope.field), ...toAnother(spec, row, intents, scope.field));
      const loaded = states.get(row.id);
      const told = judge(
        spec,
        row,
        loaded,
        wanted,
        new Set(waiting.get(row.id)?.map(({ field }) => field)),
        bothSides,
      );
      items.push(...told.items);
      wishes.push(...told.wishes);
      if (told.overwrites) overwritten += 1;
    }
  }
  return { items, wishes, guards: await guardsFor(db, spec, overwritten, clock()) };
}

type Written = Partial<Record<SideName, RevertedWrite[]>>;

/** By field, what we wrote to each side, newest first. A column that the field does not mean any more is left out. */
export function writesOf(
  spec: PairSpec,
  intents: readonly SettledIntent[],
  only: string | undefined,
): Map<string, Written> {
  const byField = new Map<string, Written>();
  for (const { side, op, patch, result } of intents) {
    if (op !== 'update') continue;
    for (const [name, { field, before, after }] of Object.entries(patch)) {
      const mapped = spec.fields.find(({ udesk }) => udesk === field);
      if (mapped === undefined || sideField(mapped, side) !== name) continue;
      if (only !== undefined && field !== only) continue;
      const written = byField.get(field) ?? {};
      written[side] = [...(written[side] ?? []), { before, result: result[field] ?? after }];
      byField.set(field, written);
    }
  }
  return byField;
}

/** Records that we created or deleted: an undo of values does neither take them away nor bring them back. */
function leftAlone(row: LinkRow, intents: readonly SettledIntent[], only: string | undefined): RevertItem[] {
  if (only !== undefined) return [];
  return intents.flatMap(({ side, op }): RevertItem[] => {
    if (op === 'update') return [];
    const why =
      op === 'create'
        ? 'we created this record, and an undo deletes none'
        : 'we deleted this record, and an undo brings none back';
    return [{ ...place(row), field: '*', side, outcome: 'skipped', before: null, after: null, why }];
  });
}

/** P2: whoever the link went over to may hold by a person's hand what we had written to the record before. */
export function wroteTo(row: LinkRow): (write: SettledIntent) => boolean {
  return ({ op, side, recordId }) => op !== 'update' || recordId === idOn(row, side);
}

function toAnother(
  spec: PairSpec,
  row: LinkRow,
  intents: readonly SettledIntent[],
  only: string | undefined,
): RevertItem[] {
  const isHere = wroteTo(row);
  const written = writesOf(
    spec,
    intents.filter((write) => !isHere(write)),
    only,
  );
  return [...written].flatMap(([field, sides]) =>
    SIDES.filter((side) => sides[side] !== undefined).map(
      (side): RevertItem => ({
        ...place(row),
        ...{ field, side, outcome: 'skipped', before: null, after: null },
        why: 'the record that we wrote to was merged into this one, or replaced by it',
      }),
    ),
  );
}

/** What undoing `wanted` would do to one link now; `loaded` is missing where the link has ended. */
export function judge(
  spec: PairSpec,
  row: LinkRow,
  loaded: LoadedLink | undefined,
  wanted: ReadonlyMap<string, Written>,
  waiting: ReadonlySet<string>,
  bothSides: boolean,
): { items: RevertItem[]; wishes: NewRevertField[]; overwrites: boolean } {
  const items: RevertItem[] = [];
  const wishes: NewRevertField[] = [];
  const skip = (field: string, written: Written, why: string) => {
    for (const side of SIDES) {
      if (written[side] === undefined) continue;
      items.push({ ...place(row), field, side, outcome: 'skipped', before: null, after: null, why });
    }
  };
  const requests: RevertRequest[] = [];
  for (const [field, writes] of wanted) {
    if (loaded === undefined) skip(field, writes, 'the link has ended');
    else if (waiting.has(field)) skip(field, writes, 'an undo of this field waits already');
    else requests.push({ id: field, field, writes, bothSides, carried: [] });
  }
  if (loaded === undefined) return { items, wishes, overwrites: false };
  const state: LinkState = { ...loaded.state, reverts: requests };
  const plan = reconcileLink(spec, state);
  for (const request of requests) {
    const told = outcomeOf(plan, request, row);
    items.push(...told);
    if (told.some(({ outcome }) => outcome !== 'skipped')) {
      const { field, writes } = request;
      wishes.push({
        linkId: row.id,
        field,
        writes,
        bothSides,
        shown: { udesk: row.udeskId, crm: row.crmId },
      });
    }
  }
  const overwrites = plan.writes.some(
    (write) => guardClass(write) === 'overwrite' && Object.values(write.reasons).includes('revert'),
  );
  return { items, wishes, overwrites };
}

function outcomeOf(plan: LinkPlan, request: RevertRequest, row: LinkRow): RevertItem[] {
  const { field } = request;
  const restored = plan.writes.flatMap(({ side, patch, reasons }) =>
    reasons[field] === 'revert'
      ? Object.values(patch).flatMap((write): RevertItem[] =>
          write.field === field
            ? [
                {
                  ...place(row),
                  field,
                  side,
                  outcome: 'restore',
                  before: write.before,
                  after: write.after,
                  why: null,
                },
              ]
            : [],
        )
      : [],
  );
  if (restored.length > 0) return restored;
  const change = plan.reverts?.find(({ id }) => id === request.id);
  const outcome = change === undefined ? 'waits' : change.outcome === 'edited' ? 'edited' : 'skipped';
  const why = change?.reason ?? 'an edit of this field is on its way and goes first';
  return SIDES.filter((side) => request.writes[side] !== undefined).map((side) => ({
    ...place(row),
    field,
    side,
    outcome,
    before: null,
    after: null,
    why,
  }));
}

function place(row: LinkRow): Pick<RevertItem, 'linkId' | 'udeskId' | 'crmId'> {
  return { linkId: row.id, udeskId: row.udeskId, crmId: row.crmId };
}

/** By the same rule as the cycle's; what the sides look like then is not known yet. */
async function guardsFor(
  db: Db,
  spec: PairSpec,
  updates: number,
  now: Date,
): Promise<readonly TrippedGuard[]> {
  const verdict = evaluateGuards(
    spec.guards,
    { creates: { udesk: 0, crm: 0 }, updates, deletes: 0 },
    {
      confirmedLinks: (await countLinks(db, spec.name)).confirmed,
      createsLastHour: 0,
      deletesLastDay: 0,
      updatesLastHour: await overwrittenSince(db, spec.name, {
        ours: new Date(now.getTime() - 3_600_000),
        udesks: null,
      }),
      firstRunAccepted: false,
      emptySide: null,
      fingerprintChanged: null,
      clockSkewMs: null,
      restored: false,
    },
  );
  return verdict.tripped;
}
