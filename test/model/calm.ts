/** The world stands still, and whole cycles run in the order of src/engine/cycle.ts: does everything end well? */
import { equalValues } from '../../src/core/equivalence.ts';
import { SIDES } from '../../src/core/record.ts';
import type { PairSpec } from '../../src/core/spec.ts';
import { arrive, isActive, look, observe, type Protocol, plan, settle, verify, witness } from './rules.ts';
import { keyOf, type State, type Text } from './state.ts';

const ROUNDS = 4;

export interface Calm {
  readonly state: State;
  readonly writes: number;
}

/** One cycle: what is unknown, both sides, then plan and push until nothing comes of it. */
export function cycle(protocol: Protocol, spec: PairSpec, from: State): Calm {
  let { state, writes } = push(protocol, spec, from);
  for (const side of SIDES) state = observe(state, side);
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (SIDES.some((side) => isActive(state.intents[side]))) break;
    state = plan(spec, state);
    const pushed = push(protocol, spec, state);
    state = pushed.state;
    writes += pushed.writes;
    if (pushed.writes === 0) break;
  }
  for (const due of state.due) state = witness(spec, state, due);
  return { state, writes };
}

function push(protocol: Protocol, spec: PairSpec, from: State): Calm {
  let state = from;
  let writes = 0;
  for (const side of SIDES) {
    if (state.intents[side]?.phase === 'unknown') state = look(protocol, spec, state, side);
  }
  for (const side of SIDES) {
    if (state.intents[side]?.phase !== 'pending') continue;
    state = verify(protocol, spec, state, side);
    if (state.intents[side]?.phase !== 'sending') continue;
    state = arrive(protocol, spec, state, side);
    const intent = state.intents[side];
    if (intent?.phase !== 'done') continue;
    writes += 1;
    state = settle(protocol, spec, state, side, intent.after, 'answer');
  }
  return { state, writes };
}

export type Complaint = 'a lost edit' | 'no convergence' | 'an echo';

export interface Ending {
  readonly complaint: Complaint | null;
  /** Cycles until every field was equal or held. */
  readonly cycles: number;
  readonly writes: number;
  readonly state: State;
}

/** P6: within two cycles; P4: then silence; P2: each human edit is on both sides, in a row, or was seen by who replaced it. */
export function ending(protocol: Protocol, spec: PairSpec, from: State): Ending {
  let state = from;
  let writes = 0;
  let cycles = 0;
  while (cycles < 2) {
    const calm = cycle(protocol, spec, state);
    cycles += 1;
    state = calm.state;
    writes += calm.writes;
    if (atRest(spec, state)) break;
  }
  const end = (complaint: Complaint | null): Ending => ({ complaint, cycles, writes, state });
  if (!atRest(spec, state)) return end('no convergence');
  const settled = cycle(protocol, spec, state);
  const quiet = cycle(protocol, spec, settled.state);
  if (settled.writes + quiet.writes > 0 || keyOf(quiet.state) !== keyOf(settled.state)) return end('an echo');
  return end(quiet.state.standing.every((edit) => isAccounted(quiet.state, edit)) ? null : 'a lost edit');
}

function atRest(spec: PairSpec, state: State): boolean {
  if (SIDES.some((side) => isActive(state.intents[side]))) return false;
  const [field] = spec.fields;
  if (field === undefined) return false;
  if (equalValues(field, state.actual.udesk, state.actual.crm, spec.match.defaultRegion)) return true;
  return state.row?.state === 'open';
}

/** On both sides, or in a row. */
function isAccounted({ actual, kept, row }: State, edit: Text): boolean {
  if (kept.includes(edit) || row?.udesk === edit || row?.crm === edit) return true;
  return SIDES.every((side) => actual[side] === edit);
}
