/** Faults on order: a test pushes them, the next matching request meets them. Probabilities are the `fault.*` switches. */
import { SyncError } from '../errors.ts';
import type { Random } from './random.ts';
import type { Switches } from './switches.ts';

export const FAULT_KINDS = [
  /** The answer waits `latencyMs`. */
  'latency',
  /** HTTP `status` (500) with `body` ('' unless told). */
  'status',
  /** HTTP 200 with an HTML page. */
  'html',
  /** The call is done; the JSON of its answer ends in the middle. */
  'truncate',
  /** The connection is reset before anything is done. */
  'reset',
  /** A write is done (code 1000), then the connection is reset: the reply is lost. */
  'reset-after-commit',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultSpec {
  readonly kind: FaultKind;
  /** Left out: every request. `path` is compared with the end of the path, without query: `/customers/feeds`. */
  readonly match?: { readonly method?: string; readonly path?: string };
  /** How many requests meet it; 1 unless told. */
  readonly times?: number;
  /** Matching requests that pass before it begins. */
  readonly skip?: number;
  readonly status?: number;
  readonly body?: string;
  readonly latencyMs?: number;
  /** For latency, status and html: before the call is carried out (unless told), or after. */
  readonly when?: 'before' | 'after';
}

export interface FaultTarget {
  readonly method: string;
  readonly path: string;
}

interface Pending {
  readonly spec: FaultSpec;
  skip: number;
  times: number;
}

export class Faults {
  #pending: Pending[] = [];

  /** Throws `SyncError('config')` for an unknown kind. */
  push(spec: FaultSpec): void {
    if (!FAULT_KINDS.includes(spec.kind)) {
      throw new SyncError('config', `The simulator has no fault "${spec.kind}".`, {
        advice: `Its faults are ${FAULT_KINDS.join(', ')}.`,
      });
    }
    this.#pending.push({ spec, skip: spec.skip ?? 0, times: spec.times ?? 1 });
  }

  clear(): void {
    this.#pending = [];
  }

  /** Faults that no request has met yet. */
  get pending(): readonly FaultSpec[] {
    return this.#pending.map((pending) => pending.spec);
  }

  /** The faults that this request meets now. `committed`: a write was carried out. */
  take(target: FaultTarget, phase: 'before' | 'after', committed: boolean): FaultSpec[] {
    const met: FaultSpec[] = [];
    for (const pending of this.#pending) {
      const { spec } = pending;
      if (phaseOf(spec) !== phase || !matches(spec, target)) continue;
      if (spec.kind === 'reset-after-commit' && !committed) continue;
      if (pending.skip > 0) pending.skip--;
      else if (pending.times-- > 0) met.push(spec);
    }
    this.#pending = this.#pending.filter((pending) => pending.times > 0);
    return met;
  }
}

/** Draws from the `fault.*` switches. Nothing is drawn for a probability of 0, so that unrelated draws stay the same. */
export function drawFaults(
  switches: Switches,
  random: Random,
  phase: 'before' | 'after',
  committed: boolean,
): FaultSpec[] {
  const drawn: FaultSpec[] = [];
  const happens = (probability: number) => probability > 0 && random.chance(probability);
  if (phase === 'before') {
    const latencyMs = switches.get('fault.latency_ms');
    if (latencyMs > 0) drawn.push({ kind: 'latency', latencyMs });
    if (happens(switches.get('fault.error_5xx')))
      drawn.push({ kind: 'status', status: random.pick([500, 502, 503]) });
    if (happens(switches.get('fault.html'))) drawn.push({ kind: 'html' });
    if (happens(switches.get('fault.reset'))) drawn.push({ kind: 'reset' });
  } else {
    if (happens(switches.get('fault.truncate'))) drawn.push({ kind: 'truncate' });
    if (committed && happens(switches.get('fault.lost_reply'))) drawn.push({ kind: 'reset-after-commit' });
  }
  return drawn;
}

function phaseOf(spec: FaultSpec): 'before' | 'after' {
  if (spec.kind === 'truncate' || spec.kind === 'reset-after-commit') return 'after';
  return spec.kind === 'reset' ? 'before' : (spec.when ?? 'before');
}

function matches(spec: FaultSpec, target: FaultTarget): boolean {
  const { method, path } = spec.match ?? {};
  if (method !== undefined && method.toUpperCase() !== target.method) return false;
  return path === undefined || target.path.endsWith(path);
}
