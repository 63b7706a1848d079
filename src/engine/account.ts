/**
 * P7, P8: nothing is read from, or written to, another account or table than the one that the mirror was made of, before
 * a person said yes to exactly that one (sync design §10).
 */
import { SIDES, type SideName } from '../core/record.ts';
import type { CheckReport } from '../crm/adapter.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { sha256 } from '../lib/hash.ts';
import { askAboutAccount, closeAccountChange } from '../store/account-changes.ts';
import { accountKind, waitingApproval } from '../store/approvals.ts';
import { loadPair, type PairRow, saveAccountName, saveFingerprint } from '../store/pairs.ts';
import { countLive } from '../store/records.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

type Look = Pick<Cycle, 'db' | 'fence' | 'spec' | 'sides' | 'signal' | 'clock'>;

/**
 * A side that is not the account or table that the mirror was made of is refused before a single record of it is stored,
 * and a person is asked. Otherwise its ids would be taken for those that we know, and everything that we know for
 * deleted.
 * @param approve the hash that a person gave on the command line; null: what was said on the pages counts alone
 * @throws SyncError `guard` with the code `fingerprint`
 */
export async function knownAccount(
  cycle: Look,
  known: PairRow,
  side: SideName,
  fingerprint: string,
  approve: string | null,
): Promise<void> {
  const { db, fence } = cycle;
  const pair = cycle.spec.name;
  const before = known.fingerprint[side];
  if (before === fingerprint) {
    // It is the old one again: nobody needs to answer, and a yes to the other one has nothing to release.
    if (known.stranger[side] !== null)
      await fenced(db, fence, (tx) => closeAccountChange(tx, pair, side, 'moved', cycle.clock()));
    return noteAccount(cycle, side);
  }
  // A host that does not answer, or a wrong token, is the more useful news; and an account that never answered is none
  // that we know.
  const checked = await cycle.sides[side].check({ signal: cycle.signal });
  const stranger = { pair, side, fingerprint, name: checked.account ?? null, records: checked.count };
  const hash = sha256(`fingerprint:${pair}:${side}:${fingerprint}`);
  const isOurs = await fenced(db, fence, (tx) =>
    before === null
      ? adopt(tx, stranger)
      : adoptIfApproved(tx, { ...stranger, hash }, approve, cycle.clock()),
  );
  if (!isOurs) {
    throw new SyncError(
      'guard',
      `${side} is not the account or table that the pair ${pair} was set up with`,
      {
        pair,
        side,
        code: 'fingerprint',
        advice: `Nothing was read or written. If the configuration is wrong, mend it; if this is intended (a new administrator of the same tenant, the same table moved), say yes on the page /plans/${hash} or run: udesk-sync sync --pair ${pair} --approve ${hash}`,
      },
    );
  }
  noteAccount(cycle, side);
}

interface Stranger {
  readonly pair: string;
  readonly side: SideName;
  readonly fingerprint: string;
  readonly name: string | null;
  readonly records: number | null;
}

async function adopt(tx: Db, { pair, side, fingerprint, name }: Stranger): Promise<true> {
  await saveFingerprint(tx, pair, side, fingerprint, name);
  return true;
}

/** A yes counts for the account that answers now, and for no other; without one a person is asked. */
async function adoptIfApproved(
  tx: Db,
  stranger: Stranger & { readonly hash: string },
  approve: string | null,
  at: Date,
): Promise<boolean> {
  const { pair, side, hash, fingerprint, name, records } = stranger;
  const { fingerprint: ours, account } = await loadPair(tx, pair);
  const was = ours[side];
  // Approved earlier in this cycle.
  if (was === null || was === fingerprint) return await adopt(tx, stranger);
  const said = await waitingApproval(tx, pair, accountKind(side));
  if (approve === hash || said?.hash === hash) {
    await closeAccountChange(tx, pair, side, 'approved', at);
    return await adopt(tx, stranger);
  }
  const before = { fingerprint: was, name: account[side], records: await countLive(tx, pair, side) };
  await askAboutAccount(tx, { pair, hash, side, before, now: { fingerprint, name, records } }, at);
  return false;
}

/** A yes is carried out by the next cycle, whatever that reads. */
export async function carryOutYes(cycle: Look, known: PairRow, approve: string | null): Promise<void> {
  for (const side of SIDES) {
    if (known.stranger[side] !== 'approving') continue;
    const now = await cycle.sides[side].fingerprint({ signal: cycle.signal });
    await knownAccount(cycle, known, side, now, approve);
  }
}

/** So that a person can be told some day which one it was. The account was found to be the one that we know. */
export async function keepAccountName(
  { db, fence, spec }: Look,
  known: PairRow,
  side: SideName,
  account: CheckReport['account'],
): Promise<void> {
  if (account === undefined || account === known.account[side]) return;
  await fenced(db, fence, (tx) => saveAccountName(tx, spec.name, side, account));
}

/** Within a process an account hardly changes: it is looked at again after this long, and by every lane that reads. */
const LOOK_AGAIN_MS = 300_000;

/** When a side of this process was last seen to be the one that we know. */
const seenAt = new WeakMap<object, number>();

export function noteAccount({ sides, clock }: Pick<Cycle, 'sides' | 'clock'>, side: SideName): void {
  seenAt.set(sides[side], clock().getTime());
}

/**
 * For what an earlier process left in the outbox, and for a cycle that reads nothing.
 * Sides to which nothing may be sent for now: another account answers there, or none says which it is. A lane that reads
 * refuses another account with its hash for a person; here its writes wait.
 */
export async function strangeSides(cycle: Cycle): Promise<SideName[]> {
  const nowMs = cycle.clock().getTime();
  const isDue = (side: SideName) => {
    const ageMs = nowMs - (seenAt.get(cycle.sides[side]) ?? Number.NEGATIVE_INFINITY);
    return ageMs < 0 || ageMs > LOOK_AGAIN_MS;
  };
  const due = SIDES.filter(isDue);
  if (due.length === 0) return [];
  const { fingerprint } = await loadPair(cycle.db, cycle.spec.name);
  const strange: SideName[] = [];
  for (const side of due) {
    if (await answersAs(cycle, side, fingerprint[side])) noteAccount(cycle, side);
    else strange.push(side);
  }
  return strange;
}

async function answersAs(cycle: Cycle, side: SideName, known: string | null): Promise<boolean> {
  try {
    const same = (await cycle.sides[side].fingerprint({ signal: cycle.signal })) === known;
    if (!same)
      cycle.log.debug({ side }, 'another account or table answers: what is to be written there waits');
    return same;
  } catch (error) {
    cycle.signal.throwIfAborted();
    if (!isSyncError(error)) throw error;
    cycle.log.debug(
      { side, kind: error.kind },
      'the account did not answer: what is to be written there waits',
    );
    return false;
  }
}
