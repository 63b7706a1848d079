/** What the engine does in one step, on the state of the model, by the same pure rules of src/core that the engine runs. */
import { equalValues } from '../../src/core/equivalence.ts';
import type { ConflictChange, PlannedWrite } from '../../src/core/link.ts';
import { reconcileLink } from '../../src/core/reconcile.ts';
import { otherSide, SIDES, type SideName } from '../../src/core/record.ts';
import { settledBases } from '../../src/core/settle.ts';
import type { PairSpec, Policy } from '../../src/core/spec.ts';
import { witnessWrite, writeHappened } from '../../src/core/witness.ts';
import type { ChangeRecord } from '../../src/core/witness-records.ts';
import { outcomeOf } from '../../src/core/written.ts';
import { field, link, live, pair, record } from '../support/core-fixtures.ts';
import {
  activeRow,
  type BothSides,
  type Due,
  type Intent,
  type Row,
  type State,
  type Text,
} from './state.ts';

export interface Protocol {
  readonly policy: Policy;
  /** The side compares and sets by itself; then there is neither a verifying read nor a witness. */
  readonly compareAndSet: BothSides<boolean>;
  /** Left out to see what it is for. */
  readonly verify: boolean;
  readonly witness: boolean;
  /** The history is asked what became of a write without an answer (src/engine/trace.ts). */
  readonly trace: boolean;
}

export const PLAIN: Protocol = {
  policy: 'hold',
  compareAndSet: { udesk: false, crm: false },
  verify: true,
  witness: true,
  trace: true,
};

const UDESK_FIELD = 'nick_name';
const NAME: BothSides<string> = { udesk: UDESK_FIELD, crm: 'name' };

export function specOf(protocol: Protocol): PairSpec {
  return pair([field({ policy: protocol.policy })]);
}

export function inFlight(state: State): boolean {
  return SIDES.some((side) => {
    const phase = state.intents[side]?.phase;
    return phase === 'sending' || phase === 'done';
  });
}

export function isActive(intent: Intent | null): intent is Intent {
  return intent !== null && intent.phase !== 'settled';
}

export function observe(state: State, side: SideName): State {
  return { ...state, mirror: { ...state.mirror, [side]: state.actual[side] } };
}

/** Everything that one plan says, in one transaction (P3). A link with a write on its way is not planned. */
export function plan(spec: PairSpec, state: State): State {
  const now = live('u1', { [NAME.udesk]: state.mirror.udesk });
  const there = live('c1', { [NAME.crm]: state.mirror.crm });
  const known = link(now, there, { [UDESK_FIELD]: state.base }, activeRow(state.row, UDESK_FIELD));
  const planned = reconcileLink(spec, known);
  let next: State = { ...state, base: planned.bases[UDESK_FIELD] ?? state.base };
  for (const change of planned.conflicts) next = withRow(next, change);
  const intents = {
    udesk: toIntent(planned.writes, 'udesk', state.row),
    crm: toIntent(planned.writes, 'crm', state.row),
  };
  return { ...next, intents };
}

function toIntent(writes: readonly PlannedWrite[], side: SideName, row: Row | null): Intent | null {
  const write = writes.find((candidate) => candidate.side === side);
  const change = write?.patch[NAME[side]];
  if (write === undefined || change === undefined) return null;
  const source = write.source[UDESK_FIELD];
  return {
    before: text(change.before),
    after: text(change.after),
    source: source === undefined ? null : text(source),
    half: write.halves[UDESK_FIELD] ?? null,
    decision: write.reasons[UDESK_FIELD] === 'decision' ? (row?.decision?.id ?? null) : null,
    phase: 'pending',
    replaced: null,
  };
}

/** As src/store/conflicts.ts keeps rows: one active row per field; a new finding overwrites it, unless it was decided. */
function withRow(state: State, change: ConflictChange): State {
  if (change.action === 'close') return closeRow(state);
  const reopened = change.reopened === true;
  const opened: Row = {
    kind: change.kind,
    base: change.base,
    udesk: change.udesk === null ? null : text(change.udesk),
    crm: change.crm === null ? null : text(change.crm),
    state: change.action === 'decided' ? 'resolving' : 'open',
    decision: change.action === 'decided' ? (reopened ? null : (state.row?.decision ?? null)) : null,
  };
  const next = { ...(reopened ? closeRow(state) : state), row: opened };
  return change.action === 'decided' && change.done ? closeRow(next) : next;
}

function closeRow(state: State): State {
  if (state.row === null) return state;
  const shown = [state.row.udesk, state.row.crm].filter((value) => value !== null);
  return { ...state, row: null, kept: [...new Set([...state.kept, ...shown])] };
}

/** The look before the write. @returns the state in which the call leaves, or in which the write is given up */
export function verify(protocol: Protocol, spec: PairSpec, state: State, side: SideName): State {
  const intent = intentOf(state, side);
  const skipped = !protocol.verify || protocol.compareAndSet[side];
  if (skipped || sawBefore(spec, side, intent, state.actual[side]))
    return put(state, side, { ...intent, phase: 'sending' });
  return drop(observe(state, side), side);
}

/** The call reaches the side. */
export function arrive(protocol: Protocol, spec: PairSpec, state: State, side: SideName): State {
  const intent = intentOf(state, side);
  const there = state.actual[side];
  if (protocol.compareAndSet[side] && !sawBefore(spec, side, intent, there))
    return drop(observe(state, side), side);
  const written = { ...state, actual: { ...state.actual, [side]: intent.after } };
  return put(written, side, { ...intent, phase: 'done', replaced: there });
}

/** What a later look tells of a write without an answer; what the record does not tell, the history may. */
export function look(protocol: Protocol, spec: PairSpec, state: State, side: SideName): State {
  const intent = intentOf(state, side);
  const seen = state.actual[side];
  const outcome = outcomeOf(spec, patchOf(side, intent), record('x', { [NAME[side]]: seen }));
  if (outcome === 'happened') return settle(protocol, spec, state, side, seen, 'look');
  if (protocol.trace && !protocol.compareAndSet[side] && happenedBefore(spec, side, intent, seen)) {
    // What was sent is the base, and what the record holds by now an edit made since.
    return observe(settle(protocol, spec, state, side, intent.after, 'answer'), side);
  }
  if (outcome === 'not-happened') return put(state, side, { ...intent, phase: 'pending', replaced: null });
  return drop(observe(state, side), side);
}

function happenedBefore(spec: PairSpec, side: SideName, intent: Intent, now: Text): boolean {
  const [only] = spec.fields;
  if (only === undefined) return false;
  const happened = writeHappened(
    {
      side,
      spec: only,
      region: spec.match.defaultRegion,
      name: NAME[side],
      write: { field: UDESK_FIELD, before: intent.before, after: intent.after, ops: null },
      records: historyOf(side, intent, now),
      times: { verifiedAt: NO_TIME, answeredAt: NO_TIME, skewMs: null },
    },
    true,
  );
  // Every value of the model is fresh, and every record of its history can be read.
  if (happened === 'unclear') throw new Error('the history of the model is clear');
  return happened === 'yes';
}

/** What the side tells of the time since the pre-image was verified. */
function historyOf(side: SideName, { before, after, replaced }: Intent, now: Text): ChangeRecord[] {
  const values = replaced === null ? [before, now] : [before, replaced, after, now];
  return values.flatMap((to, at) => {
    const from = values[at - 1];
    if (from === undefined || from === to) return [];
    const author = { id: replaced !== null && at === 2 ? 'us' : 'a person', name: null };
    return [{ at: null, author, text: null, changes: [{ field: NAME[side], from, to }] }];
  });
}

/** The write is known to have happened: mirror, bases, row and intent in one transaction, last. */
export function settle(
  protocol: Protocol,
  spec: PairSpec,
  state: State,
  side: SideName,
  result: Text,
  evidence: 'answer' | 'look',
): State {
  const intent = intentOf(state, side);
  const other = state.intents[otherSide(side)];
  const { bases, settled } = settledBases(
    spec,
    { [UDESK_FIELD]: state.base },
    {
      write: {
        side,
        patch: patchOf(side, intent),
        reasons: {},
        source: intent.source === null ? {} : { [UDESK_FIELD]: intent.source },
        halves: intent.half === null ? {} : { [UDESK_FIELD]: intent.half },
      },
      result: { [UDESK_FIELD]: result },
      looked: new Set(evidence === 'look' ? [NAME[side]] : []),
      sibling: () =>
        other === null
          ? undefined
          : {
              settled: other.phase === 'settled',
              patch: patchOf(otherSide(side), other),
              result: { [UDESK_FIELD]: other.after },
            },
    },
  );
  let next = put(state, side, { ...intent, phase: 'settled', replaced: null });
  next = { ...next, mirror: { ...next.mirror, [side]: result }, base: bases[UDESK_FIELD] ?? next.base };
  const carried = settled.includes(UDESK_FIELD) && next.row?.state === 'resolving';
  if (carried && (next.row?.decision?.id ?? null) === intent.decision) next = closeRow(next);
  if (!protocol.witness || protocol.compareAndSet[side] || intent.replaced === null) return next;
  const due: Due = { side, before: intent.before, after: intent.after, replaced: intent.replaced };
  return { ...next, due: [...next.due, due] };
}

/** Our change record is read, and judged as the engine judges it: whom did we overwrite? (Sync design §8.) */
export function witness(spec: PairSpec, state: State, due: Due): State {
  const next = { ...state, due: state.due.filter((one) => one !== due) };
  const { side, before, after, replaced } = due;
  const [only] = spec.fields;
  if (only === undefined) return next;
  const name = NAME[side];
  const verdict = witnessWrite({
    side,
    spec: only,
    region: spec.match.defaultRegion,
    name,
    write: { field: UDESK_FIELD, before, after, ops: null },
    held: after,
    records: [{ at: null, author: null, text: null, changes: [{ field: name, from: replaced, to: after }] }],
    later: [],
    times: { verifiedAt: NO_TIME, answeredAt: NO_TIME, skewMs: null },
  });
  if (verdict.verdict !== 'overwritten') return next;
  // A list in the row that no later finding shortens (`overwritten` in src/store/witnesses.ts).
  return { ...next, kept: [...new Set([...next.kept, text(verdict.foreign.value)])] };
}

/** Times tell nothing here: the model has the order itself. */
const NO_TIME = '1970-01-01T00:00:00.000Z';

function intentOf(state: State, side: SideName): Intent {
  const intent = state.intents[side];
  if (intent === null) throw new Error(`no intent on ${side}`);
  return intent;
}

function sawBefore(spec: PairSpec, side: SideName, intent: Intent, there: Text): boolean {
  const [only] = spec.fields;
  return (
    only !== undefined &&
    equalValues(only, there, intent.before, spec.match.defaultRegion) &&
    side !== undefined
  );
}

function patchOf(side: SideName, { before, after }: Intent) {
  return { [NAME[side]]: { field: UDESK_FIELD, before, after, ops: null } };
}

function put(state: State, side: SideName, intent: Intent): State {
  return { ...state, intents: { ...state.intents, [side]: intent } };
}

function drop(state: State, side: SideName): State {
  return { ...state, intents: { ...state.intents, [side]: null } };
}

function text(value: unknown): Text {
  if (typeof value !== 'string') throw new Error('the model knows texts only');
  return value;
}
