/**
 * The last look at a built request for contact points, by other means than it was built with (promise P2): read as
 * Udesk documents it, does an address go that the plan did not name?
 */
import { SyncError } from '../errors.ts';
import { asElements, normalizeText } from './equivalence.ts';
import type { ContactPatch, ContactWrites, UdeskContacts } from './id-merge.ts';
import type { FieldWrite, SetOps } from './record.ts';
import type { Element } from './value.ts';

export type Key = (text: string) => string;

export const emailKey: Key = (text) => normalizeText('email', text, '');

export function phoneKey(region: string): Key {
  return (text) => normalizeText('phone', text, region);
}

/** The ops of a set write; worked out from its two values where it carries none. */
export function opsOf(write: FieldWrite, key: Key): SetOps {
  if (write.ops) return write.ops;
  const [before, after] = [asElements(write.before), asElements(write.after)];
  const without = (list: readonly Element[], other: readonly Element[]) => {
    const keys = new Set(other.map(({ value }) => key(value)));
    return list.filter(({ value }) => !keys.has(key(value)));
  };
  return {
    add: without(after, before).map(({ value }) => value),
    remove: without(before, after),
    change: [],
  };
}

export function checkEmails(current: UdeskContacts, writes: ContactWrites, patch: ContactPatch): void {
  const ops = writes.emails ? opsOf(writes.emails, emailKey) : NO_OPS;
  const mayGo = named(ops, emailKey);
  // The primary alone, edited or cleared: its old value is replaced. Beside a set, the set says who goes.
  if (writes.email && !writes.emails) mayGo.add(emailKey(textOf(writes.email.before)));
  const listed = patch.otherEmails;
  if (listed?.length === 0) throw broken('emails', 'an empty list would be sent');
  if (listed && patch.email === undefined)
    throw broken('emails', 'the others would be sent without the primary');
  const primary = patch.email === undefined ? current.email : patch.email;
  const others = listed ? listed.map(([, value]) => value) : current.otherEmails.map(({ value }) => value);
  const left = new Set([primary ?? '', ...others].filter((text) => text.trim() !== '').map(emailKey));
  for (const address of [current.email ?? '', ...current.otherEmails.map(({ value }) => value)]) {
    if (address.trim() === '' || left.has(emailKey(address)) || mayGo.has(emailKey(address))) continue;
    throw broken('emails', 'an address would be deleted that the plan did not ask to delete');
  }
  const asked = writes.email ? [textOf(writes.email.after)] : [];
  checkAdded('emails', [...asked, ...ops.add, ...ops.change.map(({ to }) => to)], left, emailKey);
  checkIds('emails', current.otherEmails, listed ?? [], mayGo, emailKey);
}

export function checkPhones(
  current: readonly Element[],
  ops: SetOps,
  patch: readonly (readonly [string | null, string | null])[],
  key: Key,
): void {
  const mayGo = named(ops, key);
  checkIds('cellphones', current, patch, mayGo, key);
  const byId = new Map(patch);
  const kept = current.map(({ id, value }) => (id !== null && byId.has(id) ? byId.get(id) : value));
  const added = patch.filter(([id]) => id === null).map(([, value]) => value);
  const left = new Set([...kept, ...added].map((text) => key(text ?? '')));
  for (const { value } of current) {
    if (value.trim() === '' || left.has(key(value)) || mayGo.has(key(value))) continue;
    throw broken('cellphones', 'a number would be deleted that the plan did not ask to delete');
  }
  checkAdded('cellphones', [...ops.add, ...ops.change.map(({ to }) => to)], left, key);
}

const NO_OPS: SetOps = { add: [], remove: [], change: [] };

/** The values that the plan names as gone or replaced. */
function named(ops: SetOps, key: Key): Set<string> {
  return new Set([...ops.remove.map(({ value }) => key(value)), ...ops.change.map(({ from }) => key(from))]);
}

function checkAdded(field: string, asked: readonly string[], left: ReadonlySet<string>, key: Key): void {
  if (asked.every((text) => text.trim() === '' || left.has(key(text)))) return;
  throw broken(field, 'a value that the plan asked for is not in the request');
}

/** Each id is the customer's own, named once, and keeps its value unless the plan named that value. */
function checkIds(
  field: string,
  current: readonly Element[],
  list: readonly (readonly [string | null, string | null])[],
  mayGo: ReadonlySet<string>,
  key: Key,
): void {
  const values = new Map(current.map(({ id, value }) => [id, value]));
  const seen = new Set<string>();
  for (const [id, value] of list) {
    if (id === null) continue;
    const old = values.get(id);
    if (old === undefined || seen.has(id)) throw broken(field, 'an id is unknown or stands twice');
    seen.add(id);
    // The place holder of an emptied list: who may go was looked at above.
    if (value === '' || old === value || mayGo.has(key(old))) continue;
    throw broken(field, 'an id would get another value than it has');
  }
}

function textOf(value: FieldWrite['after']): string {
  return typeof value === 'string' ? value : '';
}

function broken(field: string, what: string): SyncError {
  return new SyncError('invariant', `${field}: ${what}; the request was not sent`, { side: 'udesk', field });
}
