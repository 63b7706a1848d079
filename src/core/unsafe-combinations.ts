/**
 * What a pair asks for and its two sides cannot keep. Each combination has a name, which `check` prints, which a start
 * is refused with, and which docs/adapters.md explains. Pure.
 */
import { type Manifest, SIDES, type SideName } from './record.ts';
import { createsIn, type FieldSpec, flowsTo, type MatchKeyKind, type PairSpec, sideField } from './spec.ts';

/** What is known of a side before anything was asked: its manifest, and whether it tells afterwards what was written. */
export interface SideFacts {
  readonly manifest: Manifest;
  /** The port's `history`, where the side keeps one. */
  readonly history?: unknown;
}

/**
 * `refused`: the engine does not start, because an edit or a record could be lost, doubled or deleted unseen.
 * `warning`: it works and one promise is weaker. `info`: it works, and later or by a person's hand.
 */
export type Verdict = 'refused' | 'warning' | 'info';

export interface UnsafeCombination {
  readonly code: CombinationCode;
  readonly verdict: Verdict;
  readonly side: SideName;
  readonly message: string;
  readonly advice: string;
}

export type CombinationCode = keyof typeof COMBINATIONS;

type Asked = Pick<PairSpec, 'fields' | 'match' | 'create' | 'deletes'>;
type Told = Omit<UnsafeCombination, 'code' | 'side'>;
type PerSide = (pair: Asked, side: SideName, facts: SideFacts) => Told | null;

/** In the order in which they are told. One row each in docs/adapters.md, "What is refused". */
export const COMBINATIONS = {
  'deletes-of-hidden-records': (pair, side, { manifest }) =>
    pair.deletes === 'propagate' && manifest.mayHide && !manifest.visibleDeletes
      ? refused(
          `deletes: propagate, and a record that is out of sight in ${title(side)} may only be hidden from our login`,
          'Set deletes: flag or deletes: unlink, or give the login sight of every record and say so in the manifest.',
        )
      : null,

  'deletes-not-possible': (pair, side, { manifest }) =>
    pair.deletes === 'propagate' && !manifest.canDelete
      ? refused(
          `deletes: propagate, and ${title(side)} cannot delete`,
          'Set deletes: flag or deletes: unlink.',
        )
      : null,

  'create-cannot-be-found': (pair, side, { manifest }) =>
    createsIn(pair, side) && !findsMarker(manifest) && !foundBy(pair, manifest)
      ? refused(
          `records are created in ${title(side)}, which keeps no external id that can be searched and finds nobody by a mapped e-mail or phone: a create whose answer was lost would be sent again`,
          `Set create.${side === 'crm' ? 'inCrm' : 'inUdesk'}: false, configure an external id, or map emails or cellphones that ${title(side)} can search.`,
        )
      : null,

  'create-may-overwrite-unseen': (pair, side, { manifest }) =>
    createsIn(pair, side) && manifest.createMayOverwrite === true && sendsUnsearchable(pair, side, manifest)
      ? refused(
          `a create in ${title(side)} may overwrite somebody who exists, and nobody can be looked up there before by an e-mail or phone that is mapped`,
          `Set create.${side === 'crm' ? 'inCrm' : 'inUdesk'}: false, or take the field that cannot be searched out of the mapping.`,
        )
      : null,

  'cursor-misses-late-commits': (_pair, side, { manifest }) =>
    manifest.changeCursor !== null && missesLate(manifest) && manifest.enumerationCap !== null
      ? refused(
          `a change in ${title(side)} may show up after the cursor has passed it, and its list ends at ${manifest.enumerationCap} records, so that no full look finds it either`,
          'Raise the overlap of the cursor to the longest that a change can be late, or declare no cursor.',
        )
      : null,

  'compare-and-set-by-coarse-time': (_pair, side, { manifest }) =>
    manifest.compareAndSet && manifest.compareBy === 'time' && manifest.timeResolutionMs >= COARSE_MS
      ? refused(
          `updates in ${title(side)} are compared by a time of ${manifest.timeResolutionMs} ms steps: an edit in the same step as our look passes for none, and is overwritten`,
          'Compare by a version or by the written fields, or declare compareAndSet: false, so that each write is preceded by a look.',
        )
      : null,

  'nobody-can-be-matched': (pair, side, { manifest }) =>
    side === 'crm' && createsIn(pair, side) && createsIn(pair, 'udesk') && !matches(pair, manifest)
      ? refused(
          `match.by (${pair.match.by.join(', ')}) names nothing that both sides hold: everybody would be created on the other side once more`,
          'Map emails or cellphones and match by them, or configure an external id and match by token.',
        )
      : null,

  'write-unwitnessed': (pair, side, { manifest, history }) =>
    !manifest.compareAndSet && history === undefined && writes(pair, side)
      ? {
          verdict: 'warning',
          message:
            'writes to this side cannot be witnessed: it has neither compare-and-set nor a history, so an edit made in the moment between our look and our write is lost unseen',
          advice:
            'Choose an adapter option that compares versions, or map the fields to flow from this side only.',
        }
      : null,

  'newest-without-trusted-time': (pair, side, { manifest }) => {
    const newest = pair.fields.filter(({ policy }) => policy === 'newest').map(({ udesk }) => udesk);
    return newest.length > 0 && !manifest.trustedTime
      ? {
          verdict: 'warning',
          message: `policy newest (${newest.join(', ')}) needs the times of both sides, and those of ${title(side)} cannot order edits: such conflicts wait for a person`,
          advice: 'Choose another policy, or leave it so.',
        }
      : null;
  },

  'set-beyond-slots': (pair, side, { manifest }) => {
    const small = pair.fields.filter(
      (field) => field.shape === 'set' && flowsTo(field, side) && roomOf(manifest, side, field) !== null,
    );
    const words = small.map((field) => `${field.udesk} (${roomOf(manifest, side, field)})`);
    return words.length === 0
      ? null
      : {
          verdict: 'info',
          message: `${title(side)} has fixed room for ${words.join(', ')}: whoever has more there waits for a person, and no value is dropped`,
          advice: 'Nothing, or configure more slots.',
        };
  },

  'late-commits-wait-for-a-sweep': (_pair, side, { manifest }) =>
    manifest.changeCursor !== null && missesLate(manifest) && manifest.enumerationCap === null
      ? {
          verdict: 'info',
          message: `a change in ${title(side)} that shows up more than ${manifest.changeCursor.overlapMs / 1000} s after its own time is found by the next full look`,
          advice: 'Nothing, or raise the overlap of the cursor.',
        }
      : null,

  'hidden-deletes-unseen': (pair, side, { manifest }) =>
    manifest.mayHide && !manifest.visibleDeletes && pair.deletes !== 'propagate'
      ? {
          verdict: 'info',
          message: `a deletion in ${title(side)} cannot be told from a record that is hidden from our login: it is neither flagged nor unlinked`,
          advice: 'Nothing, or let the adapter show deletions.',
        }
      : null,
} as const satisfies Record<string, PerSide>;

/** A person can well edit within this time of our look; below it the network alone takes longer. */
const COARSE_MS = 100;

/**
 * All of them, for the sides that are known.
 * @param sides a side that could not be asked is left out, and nothing is said of it
 */
export function unsafeCombinations(
  pair: Asked,
  sides: Readonly<Partial<Record<SideName, SideFacts>>>,
): UnsafeCombination[] {
  return (Object.keys(COMBINATIONS) as CombinationCode[]).flatMap((code) =>
    SIDES.flatMap((side): UnsafeCombination[] => {
      const facts = sides[side];
      const told = facts === undefined ? null : (COMBINATIONS[code] as PerSide)(pair, side, facts);
      return told === null ? [] : [{ code, side, ...told }];
    }),
  );
}

function refused(message: string, advice: string): Told {
  return { verdict: 'refused', message, advice };
}

function writes(pair: Asked, side: SideName): boolean {
  return pair.fields.some((field) => flowsTo(field, side));
}

function findsMarker({ externalId, lookups }: Manifest): boolean {
  return externalId !== null && lookups.includes('token');
}

/** E-mails and phones that the pair maps. */
function mappedKeys({ fields }: Asked): MatchKeyKind[] {
  const kinds = fields.map(({ equivalence }) => equivalence);
  return [
    ...(kinds.includes('email') ? (['email'] as const) : []),
    ...(kinds.includes('phone') ? (['cellphone'] as const) : []),
  ];
}

function foundBy(pair: Asked, { lookups }: Manifest): boolean {
  return mappedKeys(pair).some((kind) => lookups.includes(kind));
}

/** A create carries a key by which the side may know somebody, and we cannot ask for it. */
function sendsUnsearchable(pair: Asked, side: SideName, { lookups }: Manifest): boolean {
  const fields = pair.fields.filter((field) => flowsTo(field, side));
  return mappedKeys({ ...pair, fields }).some((kind) => !lookups.includes(kind));
}

/** Udesk has a place for the token of its own; the CRM needs an external id. */
function matches(pair: Asked, crm: Manifest): boolean {
  const keys = mappedKeys(pair);
  return pair.match.by.some((kind) => (kind === 'token' ? crm.externalId !== null : keys.includes(kind)));
}

function missesLate({ changeCursor }: Manifest): boolean {
  if (changeCursor === null) return false;
  return changeCursor.lateMs === null || changeCursor.lateMs > changeCursor.overlapMs;
}

function roomOf(manifest: Manifest, side: SideName, field: FieldSpec): number | null {
  return manifest.capacity[sideField(field, side)] ?? null;
}

function title(side: SideName): string {
  return side === 'udesk' ? 'Udesk' : 'the CRM';
}
