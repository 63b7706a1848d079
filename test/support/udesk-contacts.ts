/**
 * A customer's contact points after an update, by the rules that Udesk documents (udesk/api.md §3.1-§3.4): phones are
 * patched by id, other e-mails are replaced by id. Written from the document, not from the builder.
 */
import type { ContactPatch, UdeskContacts } from '../../src/core/id-merge.ts';
import type { Element } from '../../src/core/value.ts';

export interface Reading {
  /** What an e-mail element without content does; the document says it of phones only. */
  readonly emptyEmail: 'deletes' | 'is ignored';
}

export function simulateUdeskContacts(
  current: UdeskContacts,
  patch: ContactPatch,
  reading: Reading = { emptyEmail: 'deletes' },
): UdeskContacts {
  let next = 1000;
  const created = (value: string): Element => {
    next += 1;
    return { id: String(next), value };
  };
  let otherEmails = current.otherEmails;
  if (patch.otherEmails) {
    const list = patch.otherEmails;
    if (list.length === 0) throw new Error('an empty list may mean everything or nothing');
    for (const [id] of list)
      if (id !== null && !current.otherEmails.some((e) => e.id === id)) throw new Error('unknown id');
    const byId = new Map(list.filter(([id]) => id !== null));
    otherEmails = [
      ...current.otherEmails.flatMap((element): Element[] => {
        const value = byId.get(element.id);
        if (value === undefined) return [];
        if (value !== '') return [{ id: element.id, value }];
        return reading.emptyEmail === 'deletes' ? [] : [element];
      }),
      ...list.filter(([id]) => id === null).map(([, value]) => created(value)),
    ];
  }
  let cellphones = current.cellphones;
  if (patch.cellphones) {
    const byId = new Map(patch.cellphones.filter(([id]) => id !== null));
    cellphones = [
      ...current.cellphones.flatMap((element): Element[] => {
        const value = byId.get(element.id);
        if (value === undefined) return [element];
        return value === null || value === '' ? [] : [{ id: element.id, value }];
      }),
      ...patch.cellphones.flatMap(([id, value]) => (id === null && value ? [created(value)] : [])),
    ];
  }
  return { email: patch.email === undefined ? current.email : patch.email, otherEmails, cellphones };
}
