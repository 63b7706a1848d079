import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalizeText } from '../../../src/core/equivalence.ts';
import { buildUdeskContacts, type ContactWrites, type UdeskContacts } from '../../../src/core/id-merge.ts';
import type { FieldWrite, SetOps } from '../../../src/core/record.ts';
import type { Element } from '../../../src/core/value.ts';
import { simulateUdeskContacts } from '../../support/udesk-contacts.ts';

const key = (text: string) => normalizeText('email', text, '');
const address = fc.constantFrom(
  'a@x.cn',
  'A@x.cn',
  'b@x.cn',
  'B@X.cn',
  'c@x.cn',
  'd@x.cn',
  'e@x.cn',
  'f@x.cn',
);
const anyId = fc.constantFrom('1', '2', '3', '4', '5', '6', '99');
const elements = fc.uniqueArray(fc.record({ id: anyId, value: address }), {
  maxLength: 5,
  selector: (e) => e.id,
});
const contacts: fc.Arbitrary<UdeskContacts> = fc.record({
  email: fc.option(address),
  otherEmails: elements,
  cellphones: elements,
});

/** Any ops, stale ones too, that do not ask for a value and against it at once (the merge never does). */
const setOps: fc.Arbitrary<SetOps> = fc
  .record({
    add: fc.uniqueArray(address, { maxLength: 3, selector: key }),
    remove: fc.array(fc.record({ id: fc.option(anyId), value: address }), { maxLength: 3 }),
    change: fc.array(fc.record({ id: fc.option(anyId), from: address, to: address }), { maxLength: 2 }),
  })
  .filter(({ add, remove, change }) => {
    const wanted = new Set([...add, ...change.map(({ to }) => to)].map(key));
    const unwanted = [...remove.map(({ value }) => value), ...change.map(({ from }) => from)].map(key);
    return unwanted.every((k) => !wanted.has(k));
  });

function write(ops: SetOps): FieldWrite {
  return { field: 'emails', before: [], after: [], ops };
}

const scalarWrite = fc
  .record({ before: fc.option(address), after: fc.constantFrom(null, '', 'a@x.cn', 'b@x.cn', 'z@x.cn') })
  .map(({ before, after }): FieldWrite => ({ field: 'email', before, after, ops: null }));

const emailWrites: fc.Arbitrary<ContactWrites> = fc.oneof(
  setOps.map((ops) => ({ emails: write(ops) })),
  scalarWrite.map((email) => ({ email })),
  fc.tuple(setOps, scalarWrite).map(([ops, email]) => ({ emails: write(ops), email })),
);

const text = (value: FieldWrite['after'] | undefined) =>
  typeof value === 'string' && value !== '' ? [value] : [];
const addresses = (c: UdeskContacts) => [...text(c.email), ...c.otherEmails.map(({ value }) => value)];
const keys = (list: readonly string[]) => new Set(list.map(key));

function asked({ emails, email }: ContactWrites) {
  const ops = emails?.ops ?? { add: [], remove: [], change: [] };
  const primary = text(email?.after);
  const drops = [...ops.remove.map(({ value }) => value), ...ops.change.map(({ from }) => from)];
  return {
    adds: keys([...ops.add, ...ops.change.map(({ to }) => to), ...primary]),
    drops: keys(emails ? drops : text(email?.before)),
  };
}

const runs = { numRuns: 3000 };

describe('THEOREM: the built request never drops an address that the plan did not ask to drop', () => {
  test.each(['deletes', 'is ignored'] as const)('where an e-mail without content %s', (emptyEmail) => {
    fc.assert(
      fc.property(contacts, emailWrites, (current, writes) => {
        const after = simulateUdeskContacts(current, buildUdeskContacts(current, writes), { emptyEmail });
        const left = keys(addresses(after));
        const { adds, drops } = asked(writes);
        for (const old of addresses(current)) expect(left.has(key(old)) || drops.has(key(old))).toBe(true);
        for (const k of adds) expect(left.has(k)).toBe(true);
      }),
      runs,
    );
  });

  test('every asked removal happens, the primary is where it was asked to be, and nothing new comes by itself', () => {
    fc.assert(
      fc.property(contacts, emailWrites, (current, writes) => {
        const after = simulateUdeskContacts(current, buildUdeskContacts(current, writes));
        const left = keys(addresses(after));
        const { adds, drops } = asked(writes);
        if (writes.emails) for (const k of drops) expect(left.has(k) && !adds.has(k)).toBe(false);
        const [wanted] = text(writes.email?.after);
        if (wanted !== undefined) expect(key(after.email ?? '')).toBe(key(wanted));
        const known = keys(addresses(current));
        for (const k of left) expect(known.has(k) || adds.has(k)).toBe(true);
        if (left.size > 0 && writes.emails && !writes.email && current.email !== null) {
          expect(after.email).not.toBe(null);
        }
      }),
      runs,
    );
  });

  test('an id that stays keeps its value, unless the plan named that value', () => {
    fc.assert(
      fc.property(contacts, emailWrites, (current, writes) => {
        const after = simulateUdeskContacts(current, buildUdeskContacts(current, writes));
        const { drops } = asked(writes);
        for (const { id, value } of after.otherEmails) {
          const old = current.otherEmails.find((element) => element.id === id);
          if (old) expect(old.value === value || drops.has(key(old.value))).toBe(true);
        }
      }),
      runs,
    );
  });

  test('P5: building again on the result asks for nothing; the list is never empty and never without the primary', () => {
    fc.assert(
      fc.property(contacts, emailWrites, (current, writes) => {
        const patch = buildUdeskContacts(current, writes);
        if (patch.otherEmails) {
          expect(patch.otherEmails.length).toBeGreaterThan(0);
          expect('email' in patch).toBe(true);
        }
        expect(buildUdeskContacts(simulateUdeskContacts(current, patch), writes)).toEqual({});
      }),
      runs,
    );
  });

  test('phones: only what is named changes, and what is not listed stays', () => {
    const phoneOps = setOps.map((ops): FieldWrite => write(ops));
    const number = (value: string) => `1380013800${'abcdefz'.indexOf(value.trim()[0]?.toLowerCase() ?? 'z')}`;
    const asPhones = (list: readonly Element[]) =>
      list.map(({ id, value }) => ({ id, value: number(value) }));
    const phone = (value: string) => normalizeText('phone', value, 'CN');
    fc.assert(
      fc.property(contacts, phoneOps, (people, mail) => {
        const current = { ...people, cellphones: asPhones(people.cellphones) };
        const ops: SetOps = {
          add: (mail.ops?.add ?? []).map((value) => `+86${number(value)}`),
          remove: (mail.ops?.remove ?? []).map(({ id, value }) => ({ id, value: number(value) })),
          change: (mail.ops?.change ?? []).map(({ id, from, to }) => ({
            id,
            from: number(from),
            to: number(to),
          })),
        };
        const writes = { cellphones: write(ops) };
        const patch = buildUdeskContacts(current, writes);
        const after = simulateUdeskContacts(current, patch);
        const left = new Set(after.cellphones.map(({ value }) => phone(value)));
        const drops = new Set(
          [...ops.remove.map((r) => r.value), ...ops.change.map((c) => c.from)].map(phone),
        );
        for (const { value } of current.cellphones)
          expect(left.has(phone(value)) !== drops.has(phone(value))).toBe(true);
        for (const value of [...ops.add, ...ops.change.map((c) => c.to)])
          expect(left.has(phone(value))).toBe(true);
        expect([after.email, after.otherEmails]).toEqual([current.email, current.otherEmails]);
        expect(buildUdeskContacts(after, writes)).toEqual({});
      }),
      runs,
    );
  });
});
