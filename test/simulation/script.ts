/**
 * What happens in one world, as data: generated from a seed, carried out without any further chance, so that a failing
 * script can be shortened by leaving steps out and still means the same.
 */
import type { SideName } from '../../src/core/record.ts';
import type { Policy } from '../../src/core/spec.ts';
import type { ScheduledLane } from '../../src/daemon/lanes.ts';
import { type Random, seededRandom } from '../../src/simulator/random.ts';

/** What people do. `pick` chooses among what there is at that moment, whatever that is. */
export type Act =
  | {
      readonly do: 'edit';
      readonly side: SideName;
      readonly pick: number;
      readonly field: 'name' | 'note';
      readonly clear: boolean;
    }
  | {
      readonly do: 'element';
      readonly side: SideName;
      readonly pick: number;
      readonly set: 'emails' | 'phones';
      readonly how: 'add' | 'remove' | 'change';
      readonly which: number;
    }
  | { readonly do: 'create'; readonly side: SideName; readonly contacts: boolean }
  | { readonly do: 'delete'; readonly side: SideName; readonly pick: number }
  | { readonly do: 'merge'; readonly side: SideName; readonly pick: number; readonly into: number }
  | { readonly do: 'decide'; readonly pick: number; readonly take: 'udesk' | 'crm' | 'base' }
  | { readonly do: 'unlink'; readonly pick: number }
  | { readonly do: 'confirm'; readonly pick: number }
  /** A person takes a decision back. */
  | { readonly do: 'withdraw'; readonly pick: number }
  | { readonly do: 'retry'; readonly pick: number };

export type Fault =
  | 'reset'
  | 'lost'
  | 'error'
  | 'html'
  | 'throttled'
  | 'truncated'
  | 'refused'
  | 'auth'
  | 'expired';

/**
 * What happens in the middle of a cycle: at the first fitting moment from the `at`-th on. `near`: only where a write is
 * about to leave, and a person then acts on the very record that is written.
 */
export type Interrupt = { readonly at: number; readonly near?: boolean } & (
  | { readonly what: 'act'; readonly act: Act }
  | { readonly what: 'kill' }
  /** Another daemon takes this one for dead, and works through a whole cycle while this one stands still. */
  | { readonly what: 'second-daemon' }
  | { readonly what: 'fault'; readonly side: SideName; readonly fault: Fault }
);

export type Step = { readonly id: number } & (
  | { readonly kind: 'act'; readonly act: Act }
  /** Delivery of the callbacks of Udesk from now on. */
  | { readonly kind: 'hooks'; readonly delivery: 'once' | 'twice' | 'late' | 'dropped' }
  | { readonly kind: 'late-hooks' }
  /** Time passes, or our wall clock alone is off by so much from now on. */
  | { readonly kind: 'clock'; readonly ms: number; readonly jump: boolean }
  | { readonly kind: 'restart' }
  | {
      readonly kind: 'cycle';
      readonly lanes: readonly ScheduledLane[];
      readonly interrupts: readonly Interrupt[];
    }
  /** A person runs `sync`, and approves what waits. */
  | { readonly kind: 'sync'; readonly approve: boolean }
);

export interface Setting {
  readonly policy: Policy;
  readonly deletes: 'flag' | 'unlink' | 'propagate';
  readonly crm: {
    readonly compareAndSet: boolean;
    readonly changeCursor: boolean;
    readonly visibleDeletes: boolean;
    readonly elementIds: boolean;
    readonly externalId: boolean;
    /** It keeps its own form of what it is sent. */
    readonly normalises: boolean;
    readonly lookupLagMs: number;
  };
  /** Response shapes of Udesk, and what a create does with a known address. */
  readonly shapes: boolean;
  readonly createUpdates: boolean;
  readonly people: number;
}

export interface Script {
  readonly seed: string;
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

export function generate(seed: string, steps: number): Script {
  const random = seededRandom(`world:${seed}`);
  return {
    seed,
    setting: setting(random),
    steps: Array.from({ length: steps }, (_, id) => ({ id, ...step(random) })),
  };
}

function setting(random: Random): Setting {
  return {
    policy: random.pick(['hold', 'hold', 'udesk', 'crm', 'prefer-crm-unless-blank', 'newest']),
    deletes: random.pick(['flag', 'unlink', 'propagate']),
    crm: {
      compareAndSet: random.chance(0.75),
      changeCursor: random.chance(0.75),
      visibleDeletes: random.chance(0.6),
      elementIds: random.chance(0.5),
      externalId: random.chance(0.8),
      normalises: random.chance(0.3),
      lookupLagMs: random.chance(0.3) ? 5_000 : 0,
    },
    shapes: random.chance(0.3),
    createUpdates: random.chance(0.3),
    people: 2 + random.int(5),
  };
}

type Bare<T> = T extends unknown ? Omit<T, 'id'> : never;

function step(random: Random): Bare<Step> {
  const dice = random.int(100);
  if (dice < 62) return { kind: 'act', act: act(random) };
  if (dice < 65) return { kind: 'hooks', delivery: random.pick(['once', 'twice', 'late', 'dropped']) };
  if (dice < 67) return { kind: 'late-hooks' };
  if (dice < 72) return { kind: 'clock', ms: random.pick([1_000, 60_000, 3_600_000]), jump: false };
  if (dice < 74)
    return {
      kind: 'clock',
      ms: random.pick([0, 0, -30_000, 30_000, -200_000, 200_000, 3_600_000]),
      jump: true,
    };
  if (dice < 76) return { kind: 'restart' };
  if (dice < 79) return { kind: 'sync', approve: random.chance(0.7) };
  return { kind: 'cycle', lanes: lanes(random), interrupts: interrupts(random) };
}

function lanes(random: Random): ScheduledLane[] {
  const due: ScheduledLane[] = [];
  if (random.chance(0.6)) due.push('crm');
  if (random.chance(0.4)) due.push('head');
  if (random.chance(0.35)) due.push('sweep');
  if (random.chance(0.2)) due.push('feeds');
  if (random.chance(0.2)) due.push('audit');
  return due.length === 0 ? ['crm'] : due;
}

function interrupts(random: Random): Interrupt[] {
  const count = random.chance(0.35) ? 0 : 1 + random.int(3);
  return Array.from({ length: count }, () => interrupt(random)).sort((a, b) => a.at - b.at);
}

function interrupt(random: Random): Interrupt {
  const near = random.chance(0.4);
  const at = near ? random.int(60) : random.int(random.chance(0.5) ? 30 : 140);
  const dice = random.int(100);
  if (dice < 50) return { at, near, what: 'act', act: act(random) };
  if (dice < 65) return { at, what: 'kill' };
  if (dice < 72) return { at, what: 'second-daemon' };
  const fault = random.pick<Fault>([
    ...([
      'reset',
      'lost',
      'lost',
      'lost',
      'error',
      'html',
      'throttled',
      'truncated',
      'refused',
      'auth',
      'expired',
    ] as const),
  ]);
  return { at, near, what: 'fault', side: random.pick(['udesk', 'crm']), fault };
}

function act(random: Random): Act {
  const side = random.pick<SideName>(['udesk', 'crm']);
  const pick = random.int(1_000);
  const dice = random.int(100);
  if (dice < 45)
    return { do: 'edit', side, pick, field: random.pick(['name', 'note']), clear: random.chance(0.08) };
  if (dice < 72) {
    const set = random.pick<'emails' | 'phones'>(['emails', 'phones']);
    return {
      do: 'element',
      side,
      pick,
      set,
      how: random.pick(['add', 'add', 'remove', 'change']),
      which: random.int(100),
    };
  }
  if (dice < 80) return { do: 'create', side, contacts: random.chance(0.85) };
  if (dice < 84) return { do: 'delete', side, pick };
  if (dice < 87) return { do: 'merge', side, pick, into: random.int(1_000) };
  if (dice < 94) return { do: 'decide', pick, take: random.pick(['udesk', 'crm', 'base']) };
  if (dice < 95) return { do: 'unlink', pick };
  if (dice < 97) return { do: 'confirm', pick };
  return { do: random.pick(['withdraw', 'withdraw', 'retry']), pick };
}
