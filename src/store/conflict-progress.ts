/** How far a decision has come. */
import { sql } from 'drizzle-orm';
import { ASKING } from './account-changes.ts';
import type { ConflictRow } from './conflicts.ts';
import { waitingGuards } from './guards.ts';
import { MAY_HAVE_CREATED } from './intents.ts';
import { loadLink } from './links.ts';
import type { IntentState } from './schema/intent.ts';
import { type Db, rows, textArray } from './tx.ts';

export interface WriteProgress {
  readonly side: 'udesk' | 'crm';
  readonly state: IntentState;
  /** Of the last try; the vendor's own words for what was refused. */
  readonly error: string | null;
}

export interface DecisionProgress {
  /** Of what was decided; of a policy's choice, what is still to be written. */
  readonly writes: readonly WriteProgress[];
  /** The customer is to be created on that side first, and is not yet; null: they are there. */
  readonly create: WriteProgress | null;
  /** The link of the two has ended, since one of them was deleted: what was decided waits until they come back. */
  readonly hasEnded: boolean;
  /** Nothing is written before the first plan of the pair is accepted. */
  readonly firstRunPending: boolean;
  /** A create that is not done: nobody who has an e-mail or phone in common with it is created anew beside it. */
  readonly behind: CreateFirst | null;
  /** The conflict about the whole customer (a deletion), which comes before each of their fields; null: none, or it is this one. */
  readonly first: string | null;
  /** What the guards hold of the pair, with why; null: nothing. */
  readonly held: { readonly hash: string; readonly messages: readonly string[] } | null;
  /** Another account or table answers on a side of the pair, and nobody said yes to it: the hash of that question. */
  readonly account: string | null;
  /** Why the pair's last cycle failed; null: it did not. */
  readonly failure: string | null;
}

export type CreateFirst = {
  /** Where it was set aside; null: it is to be sent. */
  readonly parkedId: string | null;
  readonly message: string | null;
  /** A person left it alone: it is asked about again once the customer whom it is about changes. */
  readonly isLeftAlone: boolean;
  readonly udeskId: string | null;
};

/** Of the decision that the conflict is being resolved by. */
export async function decisionProgress(
  db: Db,
  conflict: Pick<ConflictRow, 'pair' | 'id' | 'linkId'>,
): Promise<DecisionProgress> {
  const { id, pair: name, linkId } = conflict;
  const writes = await rows<{ side: 'udesk' | 'crm'; state: IntentState; error: string | null }>(
    db,
    sql`select i.side, i.state, i.error from udesk_sync.conflict c
        join udesk_sync.intent i on i.pair = c.pair and i.link_id = c.link_id and (i.decisions ->> c.field = c.decision_id::text
          or c.decision_id is null and i.reasons ->> c.field is not null and i.state <> 'settled')
        where c.pair = ${name} and c.id = ${id}::bigint and i.state <> 'dropped' order by i.id`,
  );
  const [pair] = await rows<{ first_run: string; account: string | null; failure: string | null }>(
    db,
    sql`select first_run,
          (select hash from udesk_sync.account_change where pair = name and ${ASKING} limit 1) as account,
          (select case outcome when 'failed' then error end from udesk_sync.run
           where pair = name and finished_at is not null and outcome <> 'abandoned' order by id desc limit 1) as failure
        from udesk_sync.pair where name = ${name}`,
  );
  const isPlanned = writes.length > 0;
  const first = (await activeConflictsOf(db, name, linkId)).get('*') ?? null;
  const isHeld = writes.some(({ state }) => state === 'held');
  const [guard] = isHeld ? await waitingGuards(db, name, ['waiting', 'rejected']) : [];
  return {
    writes,
    create: isPlanned ? null : await ownCreate(db, conflict),
    hasEnded: !isPlanned && (await loadLink(db, linkId))?.state === 'broken',
    firstRunPending: pair?.first_run !== 'accepted',
    behind: isPlanned ? null : await createFirst(db, conflict),
    first: first === id ? null : first,
    held:
      guard === undefined ? null : { hash: guard.hash, messages: guard.tripped.map((one) => one.message) },
    account: pair?.account ?? null,
    failure: pair?.failure ?? null,
  };
}

async function ownCreate(
  db: Db,
  { pair, linkId }: Pick<ConflictRow, 'pair' | 'linkId'>,
): Promise<DecisionProgress['create']> {
  const [found] = await rows<{ side: 'udesk' | 'crm'; state: IntentState; error: string | null }>(
    db,
    sql`select side, state, error from udesk_sync.intent
        where pair = ${pair} and link_id = ${linkId}::bigint and op = 'create' and state not in ('settled', 'dropped') limit 1`,
  );
  return found ?? null;
}

/**
 * What the decision to create somebody anew waits for (P5): a create of that side keeps the e-mails and phones that it is sent with
 * until it is done, or until a person has said what became of it where that is not known.
 */
async function createFirst(
  db: Db,
  { pair, id }: Pick<ConflictRow, 'pair' | 'id'>,
): Promise<DecisionProgress['behind']> {
  const [found] = await rows<CreateFirst>(
    db,
    sql`select p.id as "parkedId", coalesce(p.message, i.error) as message, coalesce(p.state = 'dropped', false) as "isLeftAlone",
          other.udesk_id as "udeskId"
        from udesk_sync.conflict c
        join udesk_sync.decision d on d.id = c.decision_id and d.take in ('udesk', 'crm')
        join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
        join udesk_sync.record r on r.pair = l.pair and r.side = d.take and r.state = 'live'
          and r.remote_id = case r.side when 'udesk' then l.udesk_id else l.crm_id end
        join udesk_sync.claim k on k.pair = r.pair and k.side <> r.side and k.key = any(r.keys) and k.link_id <> l.id
        join udesk_sync.link other on other.pair = k.pair and other.id = k.link_id
        join udesk_sync.intent i on i.pair = k.pair and i.link_id = k.link_id and i.side = k.side and i.op = 'create'
          and i.state not in ('settled', 'dropped')
        left join udesk_sync.parked p on p.pair = i.pair and p.intent_id = i.id and ${MAY_HAVE_CREATED}
        where c.pair = ${pair} and c.id = ${id}::bigint and c.field = '*' and (p.id is not null or i.state <> 'parked')
        order by p.state = 'dropped', p.id limit 1`,
  );
  return found ?? null;
}

export interface PastDecision {
  readonly who: string;
  readonly take: string;
  readonly at: string;
}

/** All that were made about a conflict, newest first. */
export async function decisionsOf(
  db: Db,
  { pair, id }: Pick<ConflictRow, 'pair' | 'id'>,
): Promise<PastDecision[]> {
  return await rows<{ who: string; take: string; at: string }>(
    db,
    sql`select who, take, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
        from udesk_sync.decision where pair = ${pair} and conflict_id = ${id}::bigint order by id desc`,
  );
}

/** By conflict, the decision that ended it; without those that nobody's decision ended, or that are not closed. */
export async function decisionsThatEnded(
  db: Db,
  conflictIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (conflictIds.length === 0) return new Map();
  const found = await rows<{ id: string; decision_id: string }>(
    db,
    sql`select id, decision_id from udesk_sync.conflict
        where id = any(${textArray(conflictIds)}::bigint[]) and state = 'resolved' and decision_id is not null`,
  );
  return new Map(found.map((row) => [row.id, row.decision_id]));
}

/** The conflicts of a link that wait: by field, the id. */
export async function activeConflictsOf(
  db: Db,
  pair: string,
  linkId: string,
): Promise<ReadonlyMap<string, string>> {
  const found = await rows<{ field: string; id: string }>(
    db,
    sql`select field, id from udesk_sync.conflict
        where pair = ${pair} and link_id = ${linkId}::bigint and state in ('open', 'resolving')`,
  );
  return new Map(found.map(({ field, id }) => [field, id]));
}
