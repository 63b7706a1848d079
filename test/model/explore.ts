/** Breadth first, so that the first trace to a complaint is a shortest one. */
import { SIDES } from '../../src/core/record.ts';
import { type Complaint, type Ending, ending } from './calm.ts';
import { moves, type World } from './moves.ts';
import { inFlight, specOf } from './rules.ts';
import { type Budget, keyOf, type State, start } from './state.ts';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** States from which the calm world does not end well, by complaint. */
  readonly complaints: Readonly<Record<Complaint, number>>;
  /** The shortest way to the first complaint, move by move; null: there is none. */
  readonly trace: readonly string[] | null;
  /** Writes that left although the side held something else than they were planned on, with nobody to refuse them. */
  readonly blind: number;
  /** Most cycles, and most writes, that any state needed until it was at rest. */
  readonly cycles: number;
  readonly writes: number;
}

interface Node {
  readonly state: State;
  readonly parent: number;
  readonly label: string;
}

export function explore(world: World, budget: Budget, limit = 2_000_000): Explored {
  const spec = specOf(world);
  const nodes: Node[] = [{ state: start(budget), parent: -1, label: 'both sides agree on 0' }];
  const seen = new Set<string>([keyOf(start(budget))]);
  const complaints: Record<Complaint, number> = { 'a lost edit': 0, 'no convergence': 0, 'an echo': 0 };
  let trace: string[] | null = null;
  /** How it ends does not depend on what people and crashes might still do. */
  const endings = new Map<string, Ending>();
  let transitions = 0;
  let blind = 0;
  let cycles = 0;
  let writes = 0;
  for (let at = 0; at < nodes.length; at += 1) {
    if (nodes.length > limit) throw new Error(`more than ${limit} states`);
    const { state } = nodes[at] as Node;
    // A call on its way ends in states of their own; a stray one may still come.
    if (!inFlight(state) && state.strays.length === 0) {
      const left = { edits: 0, crashes: 0, decisions: 0 };
      const key = keyOf({ ...state, left });
      const end = endings.get(key) ?? ending(world, spec, state);
      endings.set(key, end);
      cycles = Math.max(cycles, end.cycles);
      writes = Math.max(writes, end.writes);
      if (end.complaint !== null) {
        complaints[end.complaint] += 1;
        trace ??= [...pathTo(nodes, at), told(end)];
      }
    }
    for (const move of moves(world, spec, state)) {
      transitions += 1;
      if (isBlind(world, state, move.state)) blind += 1;
      const key = keyOf(move.state);
      if (seen.has(key)) continue;
      seen.add(key);
      nodes.push({ state: move.state, parent: at, label: move.label });
    }
  }
  return { states: nodes.length, transitions, complaints, trace, blind, cycles, writes };
}

function isBlind({ compareAndSet }: World, before: State, after: State): boolean {
  return SIDES.some((side) => {
    const intent = before.intents[side];
    const leaves = intent?.phase === 'pending' && after.intents[side]?.phase === 'sending';
    return leaves && !compareAndSet[side] && before.actual[side] !== intent.before;
  });
}

function pathTo(nodes: readonly Node[], at: number): string[] {
  const path: string[] = [];
  for (let step = at; step >= 0; ) {
    const node = nodes[step] as Node;
    path.unshift(node.label);
    step = node.parent;
  }
  return path;
}

function told({ complaint, state }: Ending): string {
  const row = state.row === null ? 'none' : `${state.row.kind} ${state.row.udesk}/${state.row.crm}`;
  return `calm: ${complaint}. Udesk holds ${state.actual.udesk}, the CRM ${state.actual.crm}; row: ${row}; closed rows show: ${state.kept.join(', ') || 'nothing'}; edits that nobody replaced knowingly: ${state.standing.join(', ') || 'none'}`;
}
