/**
 * The looks before creates (decision 0006), where the side can say of many at once whom nobody holds: a table without an index
 * is read as a whole for one question, as it is for a hundred.
 */
import { type Contact, contactForm, contactsToAskFor } from '../core/contacts.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { isSyncError } from '../errors.ts';
import type { IntentRow } from '../store/intents.ts';
import { type Cycle, monotonicOf } from './context.ts';
import { searchable, sentContacts, sourceContacts } from './lookup.ts';

/** What is told is believed for so many times as long as it took to ask, so that asking costs a twentieth of the time. */
const BELIEVED_TIMES = 20;
/** But no longer than this: a table that takes longer to read is asked once for what is created meanwhile. */
const BELIEVED_MS = 5_000;

export interface CreateLooks {
  /** The writes that are next. None may be under way. */
  upcoming(intents: readonly IntentRow[]): void;
  /** Of what a create is matched by, whatever somebody may hold: all that was not told to be free a moment ago. */
  notFree(intent: IntentRow, contacts: readonly Contact[]): Promise<readonly Contact[]>;
  /** What a write of ours carries is not free any more, whenever it arrives. Called before it leaves. */
  leaves(intent: IntentRow): void;
  /** Nor is what the side has made of it. */
  holds(side: SideName, record: SideRecord): void;
}

interface Told {
  readonly free: boolean;
  /** Monotonic, in milliseconds. */
  readonly until: number;
}

export function createLooks(cycle: Cycle): CreateLooks {
  const now = monotonicOf(cycle);
  const next = new Map<string, IntentRow>();
  const told = new Map<string, Told>();
  /** By writes of ours: an answer to a question that was under way meanwhile says nothing about them. */
  const carried = new Set<string>();
  /** Sides that did not answer a question about many. What fails for many may be answered for one. */
  const oneByOne = new Set<SideName>();
  const keyOf = (side: SideName, { kind, value }: Contact) =>
    `${side} ${kind} ${contactForm(cycle.spec, kind, value)}`;
  const answer = (key: string): Told | null => {
    const last = told.get(key);
    return last !== undefined && last.until > now() ? last : null;
  };

  async function ask(side: SideName): Promise<void> {
    const creates = [...next.values()].filter((intent) => intent.side === side);
    const { unheld } = cycle.sides[side];
    if (unheld === undefined || creates.length < 2) return;
    const asked = matchedBy(cycle, side, [
      ...creates.flatMap((intent) => sentContacts(cycle, intent)),
      ...(await sourceContacts(cycle, creates)),
    ]);
    const startedAt = now();
    const free = await unheld(asked, { signal: cycle.signal });
    const until = now() + Math.min(BELIEVED_TIMES * (now() - startedAt), BELIEVED_MS);
    for (const contact of asked) told.set(keyOf(side, contact), { free: false, until });
    for (const contact of free) told.set(keyOf(side, contact), { free: true, until });
  }

  async function askUnlessInVain(side: SideName): Promise<void> {
    if (oneByOne.has(side)) return;
    try {
      await ask(side);
    } catch (error) {
      const failsForMany = (['contract', 'rejected', 'transient'] as const).some((kind) =>
        isSyncError(error, kind),
      );
      if (!failsForMany) throw error;
      oneByOne.add(side);
      cycle.log.info({ side }, 'nobody can say of many contacts at once who holds them: each is asked for');
    }
  }

  return {
    upcoming(intents) {
      next.clear();
      told.clear();
      carried.clear();
      for (const intent of intents) if (intent.op === 'create') next.set(intent.id, intent);
    },
    async notFree(intent, contacts) {
      const keys = new Map(contacts.map((contact) => [keyOf(intent.side, contact), contact]));
      if ([...keys.keys()].some((key) => !carried.has(key) && answer(key) === null))
        await askUnlessInVain(intent.side);
      next.delete(intent.id);
      return [...keys]
        .filter(([key]) => carried.has(key) || answer(key)?.free !== true)
        .map(([, one]) => one);
    },
    leaves(intent) {
      for (const contact of sentContacts(cycle, intent)) carried.add(keyOf(intent.side, contact));
    },
    holds(side, record) {
      for (const contact of contactsToAskFor(cycle.spec, side, record.fields))
        carried.add(keyOf(side, contact));
    },
  };
}

/** What the pair matches people by, each value in one form, as far as the side answers without reading its whole list. */
export function matchedBy(cycle: Cycle, side: SideName, contacts: readonly Contact[]): readonly Contact[] {
  const { spec } = cycle;
  const { scans = [] } = cycle.sides[side].manifest;
  const matched = searchable(cycle, side, contacts).filter(
    ({ kind }) => spec.match.by.includes(kind) && !scans.includes(kind),
  );
  const forms = new Map(
    matched.map((contact) => [`${contact.kind}:${contactForm(spec, contact.kind, contact.value)}`, contact]),
  );
  return [...forms.values()];
}
