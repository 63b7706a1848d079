/**
 * What happens in one world, as data: generated from a seed, carried out without any further chance, so that a failing
 * script can be shortened by leaving steps out and still means the same.
 */
import { otherSide, type SideName } from '../../src/core/record.ts';
import type { PairSpec, Policy } from '../../src/core/spec.ts';
import type { ScheduledLane } from '../../src/daemon/lanes.ts';
import { type Random, seededRandom } from '../../src/simulator/random.ts';

/**
 * What people do. `pick` chooses among what there is at that moment, whatever that is; with `linked`, among the links: the
 * same pick on the other side is the same customer. `newest`: whoever was created last.
 */
export type Act =
  | {
      readonly do: 'edit';
      readonly side: SideName;
      readonly pick: number;
      readonly linked?: boolean;
      readonly newest?: boolean;
      readonly field: 'name' | 'note';
      readonly clear: boolean;
    }
  | {
      readonly do: 'element';
      readonly side: SideName;
      readonly pick: number;
      readonly linked?: boolean;
      readonly newest?: boolean;
      readonly set: 'emails' | 'phones';
      readonly how: 'add' | 'remove' | 'change';
      readonly which: number;
    }
  /** An e-mail or phone changes hands, or two of them do. */
  | {
      readonly do: 'move';
      readonly side: SideName;
      readonly pick: number;
      readonly linked?: boolean;
      readonly set: 'emails' | 'phones';
      readonly into: number;
      readonly swap: boolean;
    }
  | { readonly do: 'create'; readonly side: SideName; readonly contacts: boolean }
  | { readonly do: 'delete'; readonly side: SideName; readonly pick: number; readonly linked?: boolean }
  | { readonly do: 'merge'; readonly side: SideName; readonly pick: number; readonly into: number }
  /** `of`: what is open about the link that this pick means there. */
  | {
      readonly do: 'decide';
      readonly pick: number;
      readonly take: 'udesk' | 'crm' | 'base';
      readonly of?: SideName;
    }
  | { readonly do: 'unlink'; readonly pick: number }
  | { readonly do: 'confirm'; readonly pick: number }
  /** A person takes a decision back. */
  | { readonly do: 'withdraw'; readonly pick: number }
  /** A person has undone what a decision wrote, or all that was written to a link, or by one run. */
  | {
      readonly do: 'undo';
      readonly pick: number;
      readonly what: 'decision' | 'link' | 'run';
      readonly bothSides: boolean;
    }
  | { readonly do: 'retry'; readonly pick: number }
  /** A person leaves a create alone that was set aside. */
  | { readonly do: 'leave'; readonly pick: number }
  /** A person takes a record of the CRM out of the bin; `newest`: whoever was deleted last. */
  | { readonly do: 'undelete'; readonly pick: number; readonly newest: boolean };

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
 * The worst moments: an update, a create or a delete is about to leave, a record is about to be looked at before a write.
 * A person who acts near one acts on the very record, and where a write is planned on the very field.
 */
export type Near = 'update' | 'look' | 'create' | 'delete';

/**
 * What happens in the middle of a cycle: at the first fitting moment from the `at`-th on. `only`: near that side's calls.
 * `follows`: not before those that stand before it.
 */
export type Interrupt = {
  readonly at: number;
  readonly near?: Near;
  readonly only?: SideName;
  readonly follows?: true;
} & (
  | { readonly what: 'act'; readonly act: Act }
  | { readonly what: 'kill' }
  /** Another daemon takes this one for dead, and works through a whole cycle while this one stands still. */
  | { readonly what: 'second-daemon' }
  | { readonly what: 'fault'; readonly side: SideName; readonly fault: Fault }
);

/** How a side deceives during one cycle; nothing of it says that somebody is gone. */
export type Deceit =
  /** Lists leave a live record out, and their totals agree. */
  | 'hides'
  /** And whoever is asked for is not found. */
  | 'blind'
  /** Lists do not tell one field. */
  | 'sparse';

export type Step = { readonly id: number } & (
  | { readonly kind: 'act'; readonly act: Act }
  /** Delivery of the callbacks of Udesk from now on. */
  | { readonly kind: 'hooks'; readonly delivery: 'once' | 'twice' | 'late' | 'dropped' }
  | { readonly kind: 'late-hooks' }
  /** Time passes, or our wall clock alone is off by so much from now on. */
  | { readonly kind: 'clock'; readonly ms: number; readonly jump: boolean }
  | { readonly kind: 'restart' }
  /** Somebody starts the daemon anew with another configuration; null: as it was at first. */
  | { readonly kind: 'configure'; readonly as: Configured | null }
  | {
      readonly kind: 'cycle';
      readonly lanes: readonly ScheduledLane[];
      readonly interrupts: readonly Interrupt[];
      readonly deceit: { readonly side: SideName; readonly how: Deceit; readonly pick: number } | null;
    }
  /** A person runs `sync`, and approves what waits: exactly that, or some other plan. */
  | { readonly kind: 'sync'; readonly approve: 'it' | 'another' | 'nothing' }
);

/** What somebody turns off for a while. */
export interface Configured {
  readonly create: PairSpec['create'];
  /** Deletions are flagged, where they were carried over. */
  readonly flags: boolean;
  readonly quietMs: number;
}

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
  /** A person has to agree to more than two creates an hour. */
  readonly fewCreates?: boolean;
}

export interface Script {
  readonly seed: string;
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

export function generate(seed: string, steps: number): Script {
  const random = seededRandom(`world:${seed}`);
  // Drawn apart, so that what happens in a world is the same with and without it; each comes about in one world of four.
  const fewCreates = seededRandom(`guards:${seed}`).chance(0.25);
  const world = { ...setting(random), fewCreates };
  const all: Bare<Step>[] = [];
  while (all.length < steps) all.push(...(random.chance(0.4) ? scene(random, world) : [step(random)]));
  const drawn: Step[] = all.slice(0, steps).map((one, id) => ({ id, ...one }));
  const apart = { leaving, undeleting, configuration: configured };
  const whole = Object.entries(apart).reduce<readonly Step[]>((before, [name, change]) => {
    const own = seededRandom(`${name}:${seed}`);
    return own.chance(0.25) ? change(own, before) : before;
  }, drawn);
  return { seed, setting: world, steps: whole };
}

/** People leave alone what a create may have made, or why it was refused. */
function leaving(random: Random, steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] => {
    const leaves = step.kind === 'cycle' && random.chance(0.2);
    const act: Act = { do: 'leave', pick: random.int(1_000) };
    return leaves ? [step, { id: 2 * APART + step.id, kind: 'act', act }] : [step];
  });
}

/** People take back what was deleted in the CRM: between cycles, and while a deletion is carried over. */
function undeleting(random: Random, steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind !== 'cycle') return [step];
    const act: Act = { do: 'undelete', pick: random.int(1_000), newest: random.chance(0.5) };
    if (random.chance(0.2)) return [step, { id: 3 * APART + step.id, kind: 'act', act }];
    if (!random.chance(0.15)) return [step];
    const moment: Interrupt = random.chance(0.5)
      ? { at: 0, near: 'delete', what: 'act', act }
      : { at: random.int(60), what: 'act', act };
    const interrupts = [...step.interrupts, moment].sort((a, b) => a.at - b.at);
    return [{ ...step, interrupts }];
  });
}

/** The numbers of steps that are drawn apart from the others begin here: values are named after the numbers. */
const APART = 50_000;

/** Somebody changes the configuration every now and then, mostly for a few steps. */
function configured(random: Random, steps: readonly Step[]): Step[] {
  const all: Step[] = [];
  let backIn = 0;
  for (const step of steps) {
    all.push(step);
    if (backIn > 0) {
      backIn -= 1;
      if (backIn === 0) all.push({ id: APART + step.id, kind: 'configure', as: null });
    } else if (random.chance(0.04)) {
      backIn = 2 + random.int(14);
      const as = {
        create: { inUdesk: random.chance(0.5), inCrm: random.chance(0.5) },
        flags: random.chance(0.5),
        quietMs: random.chance(0.4) ? random.pick([30_000, 120_000]) : 0,
      };
      all.push({ id: APART + step.id, kind: 'configure', as });
    }
  }
  return all;
}

function setting(random: Random): Setting {
  return {
    policy: random.pick(['hold', 'hold', 'udesk', 'crm', 'prefer-crm-unless-blank', 'newest']),
    deletes: random.pick(['flag', 'unlink', 'propagate', 'propagate']),
    crm: {
      compareAndSet: random.chance(0.35),
      changeCursor: random.chance(0.75),
      visibleDeletes: random.chance(0.6),
      elementIds: random.chance(0.5),
      externalId: random.chance(0.4),
      normalises: random.chance(0.6),
      lookupLagMs: random.chance(0.3) ? 5_000 : 0,
    },
    shapes: random.chance(0.3),
    createUpdates: random.chance(0.3),
    people: 5 + random.int(4),
  };
}

type Bare<T> = T extends unknown ? Omit<T, 'id'> : never;

/** Several people, and what we do about it: the steps that only together are dangerous. */
function scene(random: Random, { deletes, crm }: Setting): Bare<Step>[] {
  const pick = random.int(1_000);
  const [here, there] = random.pick<[SideName, SideName]>([
    ['udesk', 'crm'],
    ['crm', 'udesk'],
  ]);
  const field = random.pick<'name' | 'note'>(['name', 'note']);
  const set = random.pick<'emails' | 'phones'>(['emails', 'phones']);
  const edit = (side: SideName) => does({ do: 'edit', side, pick, linked: true, field, clear: false });
  const element = (side: SideName, how: 'add' | 'remove' | 'change') =>
    does({ do: 'element', side, pick, linked: true, set, how, which: random.int(100) });
  const whole = () => cycle(random, ['crm', 'head', 'sweep']);
  /** A CRM that does not compare has only our look to protect an edit; Udesk's history tells it afterwards, too. */
  const before = (side: SideName): Pick<Interrupt, 'at' | 'near' | 'only'> =>
    side === 'crm' && !crm.compareAndSet
      ? { at: 0, near: 'look', only: side }
      : { at: 0, near: random.pick(['update', 'update', 'look']), only: side };
  switch (random.pick(deletes === 'propagate' ? [...SCENES, 7, 7, 8] : SCENES)) {
    case 0:
      return [edit(here), edit(there), whole()];
    case 1:
      return [element(here, 'add'), element(there, random.pick(['add', 'remove', 'change'])), whole()];
    case 2:
      return [edit(here), does({ do: 'delete', side: there, pick, linked: true }), whole()];
    case 3:
      return [
        does({ do: 'decide', pick, take: random.pick(['udesk', 'crm', 'base']) }),
        does({ do: 'edit', side: here, pick, linked: true, field, clear: false }),
        cycle(random, ['crm', 'head']),
      ];
    case 4:
    case 5: {
      // A CRM that takes no external id has only e-mails, phones and names to tell what a create made.
      const made: SideName = crm.externalId ? there : 'crm';
      const worst: Interrupt = random.chance(0.5)
        ? { at: 0, near: 'create', only: made, what: 'fault', side: made, fault: 'lost' }
        : { at: 0, near: 'create', only: made, what: 'kill' };
      // While nobody knows, or a person is asked, somebody works on the source, or on what may be its record.
      const newest = (side: SideName): Bare<Step> =>
        random.chance(0.5)
          ? does({ do: 'edit', side, pick, newest: true, field: 'name', clear: false })
          : does({ do: 'element', side, pick, newest: true, set, how: 'add', which: 0 });
      return [
        does({ do: 'create', side: otherSide(made), contacts: random.chance(0.5) }),
        aimed(random, worst),
        ...(random.chance(0.4) ? [newest(made)] : []),
        whole(),
        ...(random.chance(0.6) ? [newest(otherSide(made)), whole()] : []),
      ];
    }
    case 6:
      return [
        edit(here),
        element(here, random.pick(['add', 'add', 'change', 'remove'])),
        aimed(random, {
          ...before(there),
          what: 'act',
          act: random.chance(0.7)
            ? { do: 'edit', side: there, pick, field, clear: false }
            : { do: 'element', side: there, pick, set, how: 'change', which: 0 },
        }),
      ];
    case 8:
      // A person decides about a deletion; whoever is to go is edited once more before that is carried out.
      return [
        does({ do: 'delete', side: there, pick, linked: true }),
        edit(here),
        whole(),
        does({ do: 'decide', pick, take: there, of: here }),
        edit(here),
        cycle(random, ['crm', 'head']),
      ];
    case 9:
      // An e-mail or phone changes hands, while somebody works on one of the two over there.
      return [
        does({
          do: 'move',
          side: here,
          pick,
          linked: true,
          set,
          into: random.int(1_000),
          swap: random.chance(0.6),
        }),
        ...(random.chance(0.3) ? [element(there, random.pick(['add', 'change']))] : []),
        whole(),
        whole(),
      ];
    case 10: {
      // An answer is lost, and the very field is edited again and again, over there and here.
      const lost: Interrupt = random.chance(0.6)
        ? { at: 0, near: 'update', only: there, what: 'fault', side: there, fault: 'lost' }
        : { at: 0, near: 'update', only: there, what: 'kill' };
      return [
        edit(here),
        aimed(random, lost),
        edit(there),
        whole(),
        edit(here),
        aimed(random, {
          ...before(there),
          what: 'act',
          act: { do: 'edit', side: there, pick, field, clear: false },
        }),
        cycle(random, ['crm', 'head']),
      ];
    }
    case 12:
      // What was just carried over is undone, and that again, while somebody goes on working on it.
      return [
        random.chance(0.5) ? edit(here) : element(here, random.pick(['add', 'change', 'remove'])),
        whole(),
        does({ do: 'undo', pick, what: random.pick(['link', 'link', 'run']), bothSides: random.chance(0.5) }),
        ...(random.chance(0.4) ? [edit(random.pick([here, there]))] : []),
        aimed(
          random,
          random.pick<Interrupt>([
            { at: 0, near: 'update', what: 'fault', side: there, fault: 'lost' },
            { at: 0, near: 'update', what: 'kill' },
            { ...before(there), what: 'act', act: { do: 'edit', side: there, pick, field, clear: false } },
          ]),
        ),
        ...(random.chance(0.4)
          ? [does({ do: 'undo', pick, what: 'link', bothSides: random.chance(0.5) }), whole()]
          : []),
      ];
    case 11:
      // Somebody is faster than our write, its answer is lost, and somebody goes on from it before we look.
      return [edit('crm'), aimed(random, ...inOneWrite(pick, field)), whole()];
    default:
      // More than the guard allows, and somebody is left.
      return [
        ...[0, 1, 2].map(() => does({ do: 'create', side: here, contacts: true })),
        whole(),
        ...[0, 1, 2, 3, 4].map((n) => does({ do: 'delete', side: here, pick: pick + n, linked: true })),
        random.chance(0.5) ? whole() : { kind: 'sync', approve: random.pick(['another', 'nothing']) },
        cycle(random, ['crm', 'sweep']),
        // Whoever approves means the plan that was shown, and not what waits by now.
        { kind: 'sync', approve: random.pick(['another', 'another', 'it']) },
      ];
  }
}

/** Which scenes, and how often each. 7 and 8 are about deletions, and come more often where those are carried on. */
const SCENES = [0, 1, 2, 3, 4, 5, 6, 6, 6, 8, 9, 9, 10, 10, 11, 12];

function does(what: Act): Bare<Step> {
  return { kind: 'act', act: what };
}

function aimed(random: Random, ...interrupts: readonly Interrupt[]): Bare<Step> {
  return { ...cycle(random, ['crm', 'head', 'sweep']), interrupts } as Bare<Step>;
}

/** An edit between our look at a customer and our write of it, whose answer is lost, and another one before the next look. */
export function inOneWrite(pick: number, field: 'name' | 'note'): Interrupt[] {
  const act: Act = { do: 'edit', side: 'udesk', pick, linked: true, field, clear: false };
  return [
    { at: 0, near: 'update', only: 'udesk', what: 'act', act },
    { at: 0, near: 'update', only: 'udesk', what: 'fault', side: 'udesk', fault: 'lost' },
    { at: 0, near: 'look', only: 'udesk', follows: true, what: 'act', act },
  ];
}

function cycle(random: Random, lanes: readonly ScheduledLane[]): Bare<Step> {
  const deceit = random.chance(0.16)
    ? {
        side: random.pick<SideName>(['udesk', 'crm']),
        how: random.pick<Deceit>(['hides', 'hides', 'blind', 'blind', 'sparse', 'sparse']),
        pick: random.int(1_000),
      }
    : null;
  return { kind: 'cycle', lanes, interrupts: interrupts(random), deceit };
}

function step(random: Random): Bare<Step> {
  const dice = random.int(100);
  if (dice < 74) return { kind: 'act', act: act(random) };
  if (dice < 77) return { kind: 'hooks', delivery: random.pick(['once', 'twice', 'late', 'dropped']) };
  if (dice < 79) return { kind: 'late-hooks' };
  if (dice < 84) return { kind: 'clock', ms: random.pick([1_000, 60_000, 3_600_000]), jump: false };
  if (dice < 86)
    return {
      kind: 'clock',
      ms: random.pick([0, 0, -30_000, 30_000, -200_000, 200_000, 3_600_000]),
      jump: true,
    };
  if (dice < 88) return { kind: 'restart' };
  if (dice < 91) return { kind: 'sync', approve: random.pick(['it', 'it', 'another', 'nothing']) };
  return cycle(random, lanes(random));
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
  const count = random.chance(0.3) ? 0 : 1 + random.int(3);
  return Array.from({ length: count }, () => interrupt(random)).sort((a, b) => a.at - b.at);
}

function interrupt(random: Random): Interrupt {
  const near = random.chance(0.5)
    ? random.pick<Near>(['update', 'update', 'update', 'look', 'look', 'create', 'create', 'delete'])
    : undefined;
  const at = near === undefined ? random.int(random.chance(0.5) ? 30 : 140) : random.int(20);
  const where = near === undefined ? { at } : { at, near };
  const dice = random.int(100);
  if (dice < 50) return { ...where, what: 'act', act: act(random) };
  if (dice < 65) return { ...where, what: 'kill' };
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
  return { ...where, what: 'fault', side: random.pick(['udesk', 'crm']), fault };
}

function act(random: Random): Act {
  const side = random.pick<SideName>(['udesk', 'crm']);
  const pick = random.int(1_000);
  const dice = random.int(100);
  if (dice < 44)
    return { do: 'edit', side, pick, field: random.pick(['name', 'note']), clear: random.chance(0.08) };
  if (dice < 47)
    return {
      do: 'move',
      side,
      pick,
      set: random.pick(['emails', 'phones']),
      into: random.int(1_000),
      swap: random.chance(0.5),
    };
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
  if (dice < 77) return { do: 'create', side, contacts: random.chance(0.85) };
  if (dice < 83) return { do: 'delete', side, pick };
  if (dice < 87) return { do: 'merge', side, pick, into: random.int(1_000) };
  if (dice < 94) return { do: 'decide', pick, take: random.pick(['udesk', 'crm', 'base']) };
  if (dice < 95) return { do: 'unlink', pick };
  if (dice < 97) return { do: 'confirm', pick };
  const last = random.pick<'withdraw' | 'undo' | 'retry'>(['withdraw', 'undo', 'undo', 'retry']);
  return last === 'undo'
    ? {
        do: last,
        pick,
        what: random.pick(['decision', 'link', 'link', 'run']),
        bothSides: random.chance(0.5),
      }
    : { do: last, pick };
}
