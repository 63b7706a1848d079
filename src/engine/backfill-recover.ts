import { equalValues } from '../core/equivalence.ts';
import type { SideRecord } from '../core/record.ts';
import { uniqueFields } from '../core/release.ts';
import { isBlank, isSet } from '../core/value.ts';
import { holds } from '../core/written.ts';
import { firstSights, heldBefore, leaveBatch } from '../store/backfill.ts';
import { keptOutAmong } from '../store/forget.ts';
import { dropIntent, type IntentRow } from '../store/intents.ts';
import { dissolveUncreated } from '../store/links.ts';
import { loadPair } from '../store/pairs.ts';
import { loadRecords, unlinkedSince } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import { readHeadOnce } from './backfill-head.ts';
import { contactKeys, sentKeys } from './backfill-rows.ts';
import { asShown, isNew } from './backfill-settle.ts';
import type { Cycle } from './context.ts';
import { readFound } from './found.ts';
import { heldByForgotten } from './kept-out.ts';
import { lookUp, sentContacts } from './lookup.ts';
import {
  isListedIn,
  isOverdue,
  LOOKS_BEFORE_RESEND,
  notSeen,
  orPutOff,
  type Recovery,
  SHOWN_SUSPECTS,
  sentRun,
  uncertain,
} from './recover.ts';
import { settleWrite } from './settle.ts';

/**
 * A row of a batch that did not appear in time is looked up by its e-mails and phones (P5): nobody there, twice over →
 * it may be sent again, on its own; somebody new who holds all of them → that is the row; somebody who was there before
 * the batch → the row was refused, and matching decides. Where that record now holds what was sent, the batch has
 * written over it, which a person should know.
 */
export async function resolveBatchRow(cycle: Cycle, intent: IntentRow): Promise<Recovery> {
  return await orPutOff(cycle, intent, () => resolve(cycle, intent));
}

async function resolve(cycle: Cycle, intent: IntentRow): Promise<Recovery> {
  const { lookupLagMs } = cycle.sides[intent.side].manifest;
  if (lookupLagMs > 0) await cycle.sleep(lookupLagMs, cycle.signal);
  const keys = sentKeys(cycle, intent);
  const found = await lookUp(cycle, intent.side, sentContacts(cycle, intent));
  const [only] = found;
  if (only === undefined) return await notThere(cycle, intent);
  if (found.length > 1)
    return await uncertain(cycle, intent, 'its e-mails and phones are on several records');
  if ((await keptOutAmong(cycle.db, intent.pair, intent.side, [only.id])).length > 0)
    return await uncertain(cycle, intent, heldByForgotten(intent.side, [only.id]));
  const firstSeen = await firstSights(cycle.db, intent.pair, intent.side, [only.id]);
  if (!isNew(intent, firstSeen.get(only.id))) return await wasThere(cycle, intent, only);
  const held = new Set(contactKeys(cycle, intent.side, only));
  if (!keys.every((key) => held.has(key))) {
    return await uncertain(cycle, intent, 'a new record has some of its e-mails and phones');
  }
  const outcome = await settleWrite(cycle, asShown(intent, only), only, 'look');
  return outcome === 'taken' ? 'parked' : 'settled';
}

/** P5: a batch carries no external id, and what it made may have been given other e-mails and phones before we looked. */
async function notThere(cycle: Cycle, intent: IntentRow): Promise<Recovery> {
  const { whole } = await readHeadOnce(cycle, intent.side);
  const suspects = await mayBeIt(cycle, intent);
  if (suspects.length > 0) {
    const ids = suspects.slice(0, SHOWN_SUSPECTS).map(({ id }) => id);
    return await uncertain(cycle, intent, `new record ${ids.join(', ')} may be it`);
  }
  // Where the mirror may lack somebody, that may be who it made: creates of ours may stand in the list before newcomers.
  if (!whole && !(await isListedSince(cycle, intent))) {
    if (!isOverdue(cycle, intent)) return 'later';
    return await uncertain(cycle, intent, 'no complete list of that side could be read for a day');
  }
  if (intent.looks + 1 < LOOKS_BEFORE_RESEND) {
    await notSeen(cycle, intent);
    return await resolve(cycle, { ...intent, looks: intent.looks + 1 });
  }
  const why = 'a batch carried it, and it was looked for and is not there';
  await fenced(cycle.db, cycle.fence, (tx) => leaveBatch(tx, intent, why));
  return 'resend';
}

/** A complete list that was begun after it was sent. */
async function isListedSince({ db }: Cycle, intent: IntentRow): Promise<boolean> {
  return isListedIn((await loadPair(db, intent.pair)).certifiedRun[intent.side], intent);
}

/** Records without a link, new since it was sent, that hold everything else of it. */
async function mayBeIt(cycle: Cycle, intent: IntentRow): Promise<readonly SideRecord[]> {
  if (intent.sentAt === null) return [];
  const unique = new Set(uniqueFields(cycle.spec).map(({ udesk }) => udesk));
  const others = Object.entries(intent.patch).filter(([, { field }]) => !unique.has(field));
  const fresh = await unlinkedSince(cycle.db, intent.pair, intent.side, {
    at: intent.sentAt,
    runId: sentRun(intent),
  });
  return fresh.filter((record) => holds(cycle.spec, Object.fromEntries(others), record, 'after'));
}

async function wasThere(cycle: Cycle, intent: IntentRow, found: SideRecord): Promise<Recovery> {
  const mirrored = await loadRecords(cycle.db, intent.pair, intent.side, [found.id]);
  // The head may have shown the record already as the batch left it.
  const sent = { at: intent.sentAt ?? '', runId: sentRun(intent) };
  const held = await heldBefore(cycle.db, intent.pair, intent.side, found.id, sent);
  const before = { ...mirrored.get(found.id)?.record.fields, ...held };
  const { shown, store } = await readFound(cycle, intent.side, [found]);
  // P2: a search may still show what the batch has written over.
  const now = shown[0] ?? found;
  if (overwritten(cycle, intent, before, now)) {
    await fenced(cycle.db, cycle.fence, store);
    return await uncertain(
      cycle,
      intent,
      `record ${now.id} was there before and holds now what was sent, so the batch may have written over it; what it held before stands in its history`,
    );
  }
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await store(tx);
    await dropIntent(tx, intent, 'somebody with this e-mail or phone exists already', cycle.clock());
    await dissolveUncreated(tx, intent.pair, cycle.clock());
  });
  return 'replanned';
}

/** A single value that the mirror knew differently is now the one that was sent. */
function overwritten(
  cycle: Cycle,
  intent: IntentRow,
  before: SideRecord['fields'],
  now: SideRecord,
): boolean {
  const region = cycle.spec.match.defaultRegion;
  return Object.entries(intent.patch).some(([name, { field, after }]) => {
    const spec = cycle.spec.fields.find(({ udesk }) => udesk === field);
    const [old, held] = [before[name], now.fields[name]];
    if (spec === undefined || old === undefined || held === undefined || isSet(after) || isBlank(old))
      return false;
    return !equalValues(spec, old, after, region) && equalValues(spec, held, after, region);
  });
}
