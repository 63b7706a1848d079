/**
 * The looks before creates (decision 0006), where the side can say of many at once whom nobody holds: a table without an index
 * is read as a whole for one question, as it is for a hundred.
 */
import { type Contact, contactForm } from '../core/contacts.ts';
import type { SideName } from '../core/record.ts';
import { isSyncError } from '../errors.ts';
import type { IntentRow } from '../store/intents.ts';
import { type Cycle, monotonicOf } from './context.ts';
import { searchable, sentContacts, sourceContacts } from './lookup.ts';

/** What is told is believed for so many times as long as it took to ask: asking again costs a twentieth of the time. */
const BELIEVED_TIMES = 20;
/** But no longer than this, unless the question itself took longer: then for as long as that, which is how old it was when told. */
const BELIEVED_MS = 5_000;

export interface CreateLooks {
  /** The writes that are next. */
  upcoming(intents: readonly IntentRow[]): void;
  /** Of what a create is matched by, whatever somebody may hold: all that was not told to be free a moment ago. */
  notFree(intent: IntentRow, contacts: readonly Contact[]): Promise<readonly Contact[]>;
  /** What a write of ours carries is not free any more. Called before it leaves. */
  leaves(intent: IntentRow): void;
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
  const keyOf = (side: SideName, { kind, value }: Contact) =>
    `${side} ${kind} ${contactForm(cycle.spec, kind, value)}`;
  const answer = (side: SideName, contact: Contact): Told | null => {
    const last = told.get(keyOf(side, contact));
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
    const tookMs = now() - startedAt;
    const until = now() + Math.max(tookMs, Math.min(BELIEVED_TIMES * tookMs, BELIEVED_MS));
    told.clear();
    for (const contact of asked) told.set(keyOf(side, contact), { free: false, until });
    for (const contact of free) told.set(keyOf(side, contact), { free: true, until });
  }

  return {
    upcoming(intents) {
      next.clear();
      for (const intent of intents) if (intent.op === 'create') next.set(intent.id, intent);
    },
    async notFree(intent, contacts) {
      const { side } = intent;
      if (contacts.some((contact) => answer(side, contact) === null)) {
        try {
          await ask(side);
        } catch (error) {
          // What is refused for many may be answered for one.
          if (!isSyncError(error, 'contract') && !isSyncError(error, 'rejected')) throw error;
        }
      }
      next.delete(intent.id);
      return contacts.filter((contact) => answer(side, contact)?.free !== true);
    },
    leaves(intent) {
      for (const contact of sentContacts(cycle, intent)) told.delete(keyOf(intent.side, contact));
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
