/**
 * Builds the contact points of a Udesk update from the freshly read customer and the planned writes. Promise P2 at
 * its sharpest: Udesk deletes each secondary address whose id is left out (udesk/api.md §3.2), so a request that
 * would drop an address which the plan did not ask to drop cannot be built; the last check throws first.
 *
 * - `cellphones` is a patch: changed, added and deleted ones only (§3.1).
 * - `otherEmails` is always the complete list of what stays, and `email` goes with it, since it is not known whether
 *   the sweep of left-out ids covers the primary address (§3.2).
 * - `[]` is never sent: one reading deletes all, the other ignores it (§3.3). When the last secondary shall go, the
 *   list is `[[id, '']]`: not empty, so it cannot be read as absent; every other id is left out, which deletes it;
 *   and the one named has no content, which deletes a phone (§3.1). A Udesk that ignores an empty content keeps one
 *   address too many, which is the safe way to be wrong.
 */
import { SyncError } from '../errors.ts';
import { checkEmails, checkPhones, emailKey, type Key, opsOf, phoneKey } from './id-merge-check.ts';
import type { FieldWrite, SetOps } from './record.ts';
import { type Element, isBlank } from './value.ts';

/** As just read. The primary address has no id. */
export interface UdeskContacts {
  readonly email: string | null;
  readonly otherEmails: readonly Element[];
  readonly cellphones: readonly Element[];
}

export interface ContactWrites {
  /** The primary address, as a scalar. */
  readonly email?: FieldWrite;
  /** Primary and others, as a set. */
  readonly emails?: FieldWrite;
  readonly cellphones?: FieldWrite;
}

export interface ContactPatch {
  email?: string | null;
  otherEmails?: [id: string | null, value: string][];
  cellphones?: [id: string | null, value: string | null][];
}

/**
 * Only what differs from `current` is in the patch: a second call on the result of the first returns `{}`.
 * A planned removal of an element that is not there any more is skipped; so is an edit in place, whose new value is
 * then added, since it was asked for. What is in `current` and unknown to the plan stays.
 * @param region how phones without a country code are read when values are compared
 * @throws SyncError `contract` when an element that must be named has no id; `invariant` when the patch would drop
 *   an address that the plan did not ask to drop
 */
export function buildUdeskContacts(
  current: UdeskContacts,
  writes: ContactWrites,
  region = 'CN',
): ContactPatch {
  const patch: ContactPatch = {};
  if (writes.email || writes.emails) {
    Object.assign(patch, buildEmails(current, writes));
    checkEmails(current, writes, patch);
  }
  if (writes.cellphones) {
    const key = phoneKey(region);
    const ops = opsOf(writes.cellphones, key);
    const phones = buildPhones(current.cellphones, ops, key);
    checkPhones(current.cellphones, ops, phones, key);
    if (phones.length > 0) patch.cellphones = phones;
  }
  return patch;
}

/** An address or number on its way through the plan; `at` is its place in `current`, null for a new one. */
interface Member extends Element {
  readonly slot: 'primary' | 'other' | 'new';
  readonly at: number | null;
}

function buildEmails(current: UdeskContacts, writes: ContactWrites): ContactPatch {
  for (const element of current.otherEmails) if (element.id === null) throw missingId('emails');
  let members: Member[] = [
    ...(isBlank(current.email) ? [] : [{ ...asNew(current.email ?? ''), slot: 'primary' as const }]),
    ...current.otherEmails.map((element, at): Member => ({ ...element, slot: 'other', at })),
  ];
  if (writes.emails) members = applyOps(members, opsOf(writes.emails, emailKey), emailKey);
  const wanted = writes.email && primaryText(writes.email);
  let cleared = false;
  if (wanted) {
    members = withPrimary(members, wanted, writes);
  } else if (writes.email && !writes.emails) {
    // Clearing the primary alone: nobody is promoted in its place, since none was asked for.
    const before = emailKey(primaryText(writes.email, 'before'));
    cleared = members.some((member) => isPrimary(member) && emailKey(member.value) === before);
    if (cleared) members = members.filter((member) => !isPrimary(member));
  }
  const primary = cleared ? undefined : choosePrimary(members, wanted ? emailKey(wanted) : null, current);
  const others = members.filter((member) => member !== primary);
  return asEmailPatch(current, primary?.value ?? null, others);
}

function asNew(value: string): Member {
  return { slot: 'new', id: null, value, at: null };
}

function isPrimary(member: Member): boolean {
  return member.slot === 'primary';
}

/** The address that the primary shall be is among the members afterwards. */
function withPrimary(members: readonly Member[], wanted: string, writes: ContactWrites): Member[] {
  if (members.some((member) => emailKey(member.value) === emailKey(wanted))) return [...members];
  // An edit of the primary alone replaces it. Where the set is written too, the set says who goes; and a primary
  // that moved since the plan was made is not the one that was to be replaced.
  const before = writes.email && !writes.emails ? emailKey(primaryText(writes.email, 'before')) : null;
  const replaced = members.findIndex((member) => isPrimary(member) && emailKey(member.value) === before);
  if (replaced < 0) return [...members, asNew(wanted)];
  return members.map((member, at) => (at === replaced ? { ...member, value: wanted } : member));
}

function choosePrimary(
  members: readonly Member[],
  wanted: string | null,
  current: UdeskContacts,
): Member | undefined {
  if (wanted !== null) {
    const holders = members.filter((member) => emailKey(member.value) === wanted);
    return holders.find(isPrimary) ?? holders[0];
  }
  const stays = members.find(isPrimary);
  if (stays) return stays;
  const fresh = members.find((member) => member.slot === 'new');
  // The first that remains is promoted; a customer who never had a primary keeps it so until one is added.
  return isBlank(current.email) ? fresh : (members.find((member) => member.slot === 'other') ?? fresh);
}

function asEmailPatch(current: UdeskContacts, email: string | null, others: readonly Member[]): ContactPatch {
  const list = others.map(({ slot, id, value }): [string | null, string] => [
    slot === 'other' ? id : null,
    value,
  ]);
  const before = current.otherEmails.map((element) => [element.id, element.value]);
  const same = (email ?? '') === (current.email ?? '') && JSON.stringify(list) === JSON.stringify(before);
  if (same) return {};
  const last = current.otherEmails[0];
  if (list.length > 0) return { email, otherEmails: list };
  return last ? { email, otherEmails: [[last.id, '']] } : { email };
}

function primaryText(write: FieldWrite, which: 'before' | 'after' = 'after'): string {
  const value = write[which];
  return typeof value === 'string' ? value.trim() : '';
}

function applyOps(members: readonly Member[], ops: SetOps, key: Key): Member[] {
  let result = [...members];
  const missing: string[] = [];
  for (const { id, from, to } of ops.change) {
    const at = find(result, id, from, key);
    const known = result.some((member, i) => i !== at && key(member.value) === key(to));
    if (at < 0) missing.push(to);
    else if (known) result = result.filter((_, i) => i !== at);
    else result = result.map((member, i) => (i === at ? { ...member, value: to } : member));
  }
  const added = new Set([...ops.add, ...ops.change.map((change) => change.to)].map(key));
  // By value: an element that holds it a second time goes too, or the value would come back as an addition.
  const removed = new Set(
    [...ops.remove.map(({ value }) => value), ...ops.change.map(({ from }) => from)].map(key),
  );
  result = result.filter(({ value }) => !removed.has(key(value)) || added.has(key(value)));
  for (const value of [...missing, ...ops.add]) {
    if (value.trim() === '' || result.some((member) => key(member.value) === key(value))) continue;
    result.push(asNew(value));
  }
  return result;
}

/** By id where it still holds the value that the plan saw, else by the value alone. */
function find(
  elements: readonly { id: string | null; value: string }[],
  id: string | null,
  value: string,
  key: Key,
) {
  const holds = (element: { value: string }) => key(element.value) === key(value);
  const byId = id === null ? -1 : elements.findIndex((element) => element.id === id && holds(element));
  return byId >= 0 ? byId : elements.findIndex(holds);
}

function buildPhones(current: readonly Element[], ops: SetOps, key: Key): [string | null, string | null][] {
  const start = current.map((element, at): Member => ({ ...element, slot: 'other', at }));
  const result = applyOps(start, ops, key);
  const patch: [string | null, string | null][] = [];
  for (const [at, element] of current.entries()) {
    const now = result.find((member) => member.at === at);
    if (now?.value === element.value) continue;
    if (element.id === null) throw missingId('cellphones');
    patch.push([element.id, now ? now.value : null]);
  }
  for (const member of result) if (member.slot === 'new') patch.push([null, member.value]);
  return patch;
}

function missingId(field: string): SyncError {
  return new SyncError('contract', `${field}: an element was read without its id, so it cannot be named`, {
    side: 'udesk',
    field,
    advice: 'Read the customer by its detail call first: some response shapes leave the ids out.',
  });
}
