/** Everything that can happen next: people, the engine, the network, and the end of the process. */
import { SIDES, type SideName } from '../../src/core/record.ts';
import type { PairSpec } from '../../src/core/spec.ts';
import {
  arrive,
  inFlight,
  isActive,
  look,
  observe,
  type Protocol,
  plan,
  settle,
  verify,
  witness,
} from './rules.ts';
import type { Intent, State, Stray, Text } from './state.ts';

export interface Move {
  readonly label: string;
  readonly state: State;
}

export interface World extends Protocol {
  /** A call whose process ended may reach the side later, after everybody looked: nobody can promise anything then. */
  readonly lateCalls: boolean;
  /** People edit while a call of ours is under way, too: in the moment between our look and our write. */
  readonly editsInTheMoment: boolean;
}

export function moves(world: World, spec: PairSpec, state: State): Move[] {
  const found: Move[] = [...people(world, state)];
  for (const side of SIDES) {
    const intent = state.intents[side];
    if (intent?.phase === 'sending' || intent?.phase === 'done')
      found.push(...network(world, spec, state, side, intent));
  }
  for (const stray of state.strays) {
    const label = `the call of the ended process reaches ${stray.side}: ${stray.after}`;
    found.push({ label, state: late(world, state, stray) });
  }
  // One process works on the pair, one call at a time.
  if (!inFlight(state)) found.push(...engine(world, spec, state));
  return found;
}

function people(world: World, state: State): Move[] {
  const found: Move[] = [];
  const { left, row } = state;
  if (left.edits > 0 && (world.editsInTheMoment || !inFlight(state))) {
    for (const side of SIDES)
      found.push({ label: `a person edits ${side}: ${state.next}`, state: edit(state, side) });
  }
  if (left.decisions > 0 && row?.state === 'open') {
    for (const take of ['udesk', 'crm', 'base'] as const) {
      if (take === 'base' && row.base === null) continue;
      const decision = { id: `D${left.decisions}`, take };
      found.push({
        label: `a person takes ${take}`,
        state: {
          ...state,
          row: { ...row, state: 'resolving', decision },
          left: { ...left, decisions: left.decisions - 1 },
        },
      });
    }
  }
  return found;
}

/** Who edits has seen what the side holds: what was there before is not lost, but given up. */
function edit(state: State, side: SideName): State {
  const value: Text = String(state.next);
  return {
    ...state,
    actual: { ...state.actual, [side]: value },
    standing: [...state.standing.filter((seen) => seen !== state.actual[side]), value],
    left: { ...state.left, edits: state.left.edits - 1 },
    next: state.next + 1,
  };
}

function network(world: World, spec: PairSpec, state: State, side: SideName, intent: Intent): Move[] {
  const unknown = (known: State, of: Intent): State => ({
    ...known,
    intents: { ...known.intents, [side]: { ...of, phase: 'unknown' } },
  });
  const { left } = state;
  const killed = { ...state, left: { ...left, crashes: left.crashes - 1 } };
  const found: Move[] = [];
  if (intent.phase === 'sending') {
    found.push({ label: `the write reaches ${side}`, state: arrive(world, spec, state, side) });
    found.push({ label: `the write is lost on its way to ${side}`, state: unknown(state, intent) });
    // Parked, and tried again by whoever plans next: what the other half has done stays done.
    found.push({
      label: `${side} refuses the write`,
      state: { ...state, intents: { ...state.intents, [side]: null } },
    });
    if (left.crashes > 0) {
      found.push({
        label: `the process ends before the write reaches ${side}`,
        state: unknown(killed, intent),
      });
      if (world.lateCalls) {
        const strays = [...state.strays, { side, before: intent.before, after: intent.after }];
        found.push({
          label: `the process ends, its write still on the way to ${side}`,
          state: unknown({ ...killed, strays }, intent),
        });
      }
    }
  } else {
    found.push({
      label: `the answer of ${side} arrives`,
      state: settle(world, spec, state, side, intent.after, 'answer'),
    });
    found.push({ label: `the answer of ${side} is lost`, state: unknown(state, intent) });
    if (left.crashes > 0)
      found.push({ label: `the process ends before the answer of ${side}`, state: unknown(killed, intent) });
  }
  return found;
}

function late({ compareAndSet }: World, state: State, stray: Stray): State {
  const { side, before, after } = stray;
  const intent = state.intents[side];
  if (compareAndSet[side] && state.actual[side] !== before) {
    return { ...state, strays: state.strays.filter((one) => one !== stray) };
  }
  const waits = intent?.phase === 'unknown' && intent.after === after;
  return {
    ...state,
    actual: { ...state.actual, [side]: after },
    strays: state.strays.filter((one) => one !== stray),
    intents: waits
      ? { ...state.intents, [side]: { ...intent, replaced: state.actual[side] } }
      : state.intents,
  };
}

function engine(world: World, spec: PairSpec, state: State): Move[] {
  const found: Move[] = SIDES.map((side) => ({
    label: `the engine reads ${side}`,
    state: observe(state, side),
  }));
  for (const side of SIDES) {
    const phase = state.intents[side]?.phase;
    if (phase === 'pending')
      found.push({ label: `the engine verifies ${side} and sends`, state: verify(world, spec, state, side) });
    if (phase === 'unknown')
      found.push({
        label: `the engine looks what became of its write to ${side}`,
        state: look(world, spec, state, side),
      });
  }
  if (!SIDES.some((side) => isActive(state.intents[side]))) {
    const planned = plan(spec, state);
    const told = SIDES.flatMap((side) => {
      const intent = planned.intents[side];
      return intent === null ? [] : [`write ${intent.after} to ${side}`];
    });
    found.push({ label: `the engine plans${told.length > 0 ? `: ${told.join(', ')}` : ''}`, state: planned });
  }
  for (const due of state.due) {
    found.push({
      label: `the engine reads the change record of ${due.side}`,
      state: witness(spec, state, due),
    });
  }
  return found;
}
