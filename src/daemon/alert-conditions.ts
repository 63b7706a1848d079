/** What may need a person, as this daemon sees it: from its own cycles and from the database. Pure. */
import type { AlertEvent, Condition } from '../core/alert.ts';
import { type Reading, readingOf } from '../core/reading.ts';
import { SIDES, type SideName } from '../core/record.ts';
import type { PairGauges } from '../store/gauges.ts';
import type { PairHealth } from './pair-worker.ts';

export interface AlertLimits {
  /** Without a cycle that ends well for so long a pair is stalled. */
  readonly cycleMs: number;
  /** Without a certified enumeration of a side for so long, too. */
  readonly sweepMs: number;
}

export interface PairView {
  readonly pair: string;
  readonly health: Readonly<PairHealth>;
  /** Null while the database does not answer. */
  readonly gauges: PairGauges | null;
}

/**
 * @param nowMs monotonic, as the times of `health`
 * @param uptimeMs a daemon that has just started has not had the time to do what an earlier one left undone
 */
export function conditionsOf(
  { pair, health, gauges }: PairView,
  limits: AlertLimits,
  nowMs: number,
  uptimeMs: number,
): Condition[] {
  const condition = (
    event: AlertEvent,
    subject: string,
    state: Condition['state'],
    count: number | null = null,
    path: string | null = null,
  ): Condition => ({
    key: `${event}/${pair}/${subject}`,
    ...{ event, pair, subject, state, count },
    ...(path === null ? {} : { path }),
  });
  const well = health.failures === 0 && health.lastGoodAtMs !== null;
  return [
    condition('guard', '', guardState(health, gauges, well), gauges?.guarded ?? null),
    ...SIDES.map((side) => accountCondition(side)),
    // One that is not told of any more is over without a word: it was turned on anew, or a week has passed.
    ...(gauges?.endedRules ?? []).map((id) => condition('rule', id, 'on', null, `/conflicts/rules/${id}`)),
    ...SIDES.map((side) => {
      const refused = health.lastKind === 'auth' && (health.lastSide ?? 'udesk') === side;
      return condition('auth', side, refused ? 'on' : well ? 'off' : 'unknown');
    }),
    cycleCondition(),
    ...SIDES.flatMap((side) => sweepConditions(side)),
  ];

  function accountCondition(side: SideName): Condition {
    const asked = gauges?.accounts.find((one) => one.side === side);
    // Once somebody has answered nobody needs to be told, and it is over when the pair goes on.
    const state =
      gauges === null || (asked !== undefined && asked.state !== 'waiting')
        ? 'unknown'
        : asked === undefined
          ? 'off'
          : 'on';
    return condition(
      'guard',
      `account-${side}`,
      state,
      null,
      asked === undefined ? null : `/plans/${asked.hash}`,
    );
  }

  function cycleCondition(): Condition {
    const own = health.lastGoodAtMs === null ? null : nowMs - health.lastGoodAtMs;
    const ages = [own, gauges?.lastGoodMs ?? null].filter((age) => age !== null);
    const idleMs = ages.length === 0 ? uptimeMs : Math.min(...ages);
    const minutes = Math.floor(idleMs / 60_000);
    if (idleMs <= limits.cycleMs && ages.length > 0) return condition('stalled', 'cycle', 'off', minutes);
    return condition('stalled', 'cycle', uptimeMs > limits.cycleMs ? 'on' : 'unknown', minutes);
  }

  /** Either it is overdue, which is an alarm, or it cannot be complete as it is, which is a notice. */
  function sweepConditions(side: SideName): Condition[] {
    const ageMs = gauges?.sides[side].certifiedAgeMs ?? gauges?.knownMs ?? 0;
    const hours = Math.floor(ageMs / 3_600_000);
    const reading = gauges === null ? null : readingOf(gauges.sides[side], limits.sweepMs, ageMs);
    // A daemon begins with what it can read in full, which may take a while; the rest is due within the hour.
    const hadTime = uptimeMs > Math.min(limits.sweepMs, FIRST_SWEEP_MS);
    // The one says nothing of the other: neither ends before the side was read completely.
    const state = (is: Reading) =>
      reading === 'complete' ? 'off' : reading === is && hadTime ? 'on' : 'unknown';
    return [
      condition('stalled', side, state('late'), gauges === null ? null : hours),
      { ...condition('stalled', `partial-${side}`, state('partial')), notice: true },
    ];
  }
}

const FIRST_SWEEP_MS = 2 * 3_600_000;

function guardState(
  health: Readonly<PairHealth>,
  gauges: PairGauges | null,
  well: boolean,
): Condition['state'] {
  if ((gauges?.guards ?? 0) > 0) return 'on';
  // Another account or table than before is refused before anything is read: that is told by itself.
  if (health.lastKind === 'guard' && (gauges?.accounts.length ?? 0) === 0) return 'on';
  return gauges !== null && well ? 'off' : 'unknown';
}
