import { expect } from 'vitest';
import type { Patch } from '../../src/core/record.ts';
import type { SetValue } from '../../src/core/value.ts';
import { isSyncError } from '../../src/errors.ts';
import {
  elements,
  failure,
  type Harness,
  held,
  kept,
  mustRead,
  needs,
  person,
  REFUSED,
  type Register,
  readAll,
  scalar,
  setWrite,
  texts,
} from './harness.ts';

export function writingTests(harness: () => Harness, test: Register): void {
  test('an update writes the patched field and leaves what a person did to the others', async (context) => {
    const { side, insert, edit } = harness();
    const id = await insert({ name: 'one', note: 'n', emails: ['a@example.com'], phones: ['13800138000'] });
    const seen = await mustRead(side, id);
    needs(context, side.manifest.compareAndSet, 'compare-and-set');
    await edit(id, { note: 'by a person' });
    const current = { ...seen, version: (await mustRead(side, id)).version };
    const after = await side.update({ id, current, patch: { name: scalar('one', 'two') } });
    expect(after.fields).toMatchObject({ name: 'two', note: 'by a person' });
    expect(after.fields.emails).toEqual(seen.fields.emails);
    expect(after.fields.phones).toEqual(seen.fields.phones);
    expect(await mustRead(side, id)).toEqual(held(after));
  });

  test('P2: an update planned on a value that moved is refused as stale, and writes nothing', async (context) => {
    const { side, insert, edit, stamp } = harness();
    needs(context, side.manifest.compareAndSet, 'compare-and-set');
    const id = await insert({ name: 'one', emails: ['a@example.com'] });
    const seen = await mustRead(side, id);
    await edit(id, { name: 'by a person', emails: ['b@example.com'] });
    const current = { ...seen, version: (await mustRead(side, id)).version };
    const before = await stamp(id);
    const list = elements(seen, 'emails');
    for (const patch of [
      { name: scalar('one', 'two') },
      { note: scalar(null, 'fine'), name: scalar('one', 'two') },
      { emails: setWrite(list, { add: ['c@example.com'] }) },
    ]) {
      expect((await failure(side.update({ id, current, patch }))).kind).toBe('stale');
    }
    expect(await stamp(id)).toBe(before);
    expect((await mustRead(side, id)).fields.name).toBe('by a person');
  });

  test('P2: an update beside a field that moved is refused as stale, and one beside a field that did not is done', async (context) => {
    const { side, insert, edit } = harness();
    const id = await insert({ name: 'one', note: 'n' });
    const onWrong = { id, current: await mustRead(side, id), patch: { name: scalar('not this', 'two') } };
    const looks = await side.update(onWrong).then(
      () => false,
      (error: unknown) => isSyncError(error, 'stale'),
    );
    needs(context, looks, 'a look before a write');
    await edit(id, { note: 'by a person' });
    const current = await mustRead(side, id);
    const request = { id, current, patch: { name: scalar('one', 'two') } };
    expect((await failure(side.update({ ...request, beside: { note: 'n' } }))).kind).toBe('stale');
    expect((await mustRead(side, id)).fields.name).toBe('one');
    await side.update({ ...request, beside: { note: current.fields.note ?? null } });
    expect((await mustRead(side, id)).fields).toMatchObject({ name: 'two', note: 'by a person' });
  });

  test('P2: a version that moved is refused as stale, whatever the field holds', async (context) => {
    const { side, insert, edit } = harness();
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    needs(context, current.version !== null, 'a version');
    await edit(id, { note: 'elsewhere' });
    const error = await failure(side.update({ id, current, patch: { name: scalar('one', 'two') } }));
    expect(error).toMatchObject({ kind: 'stale', details: { record: id } });
  });

  test('P2: of two updates at once one is refused, or both are kept', async (context) => {
    const { side, insert } = harness();
    needs(context, side.manifest.compareAndSet, 'compare-and-set');
    for (let round = 0; round < 5; round++) {
      const id = await insert({ name: 'one', note: 'n' });
      const current = await mustRead(side, id);
      const outcomes = await Promise.allSettled([
        side.update({ id, current, patch: { name: scalar('one', 'left') } }),
        side.update({ id, current, patch: { name: scalar('one', 'right') } }),
        side.update({ id, current, patch: { note: scalar('n', 'other') } }),
      ]);
      const [left, right, other] = outcomes.map((outcome) => outcome.status === 'fulfilled');
      expect(left && right).toBe(false);
      expect(left || right || other).toBe(true);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'stale' });
      }
      const { fields } = await mustRead(side, id);
      expect(fields.name).toBe(left ? 'left' : right ? 'right' : 'one');
      expect(fields.note).toBe(other ? 'other' : 'n');
    }
  });

  test('an update of a record that was deleted is stale, and brings nothing back', async () => {
    const { side, insert, remove, count } = harness();
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    await remove(id);
    expect((await failure(side.update({ id, current, patch: { name: scalar('one', 'two') } }))).kind).toBe(
      'stale',
    );
    expect(await count()).toBe(0);
  });

  test('null, empty and text are written as what they are', async () => {
    const { side, insert } = harness();
    const id = await insert({ name: 'x', note: 'n' });
    let now = await mustRead(side, id);
    for (const value of ['', null, 'text', ' kept as it is ', '\t\n']) {
      now = await side.update({ id, current: now, patch: { note: scalar(now.fields.note ?? null, value) } });
      expect(now.fields.note).toBe(value === null ? null : kept(harness(), 'note', value));
    }
  });

  test('texts of every kind come back as the store keeps them', async () => {
    const { side, insert } = harness();
    const odd = [
      `O'Neil "the" $1 \\ {a,b} ; -- %s`,
      '张伟 👩‍👩‍👧‍👦 𠮷 ﷽ é é',
      '{"json": [1, null]}',
      'null',
      'NULL',
      '{}',
      '9007199254740993',
      '\u200f\u202e\ufeff\u0001',
      '长'.repeat(10_000),
    ];
    for (const value of odd) {
      const id = await insert({ name: 'x', note: null });
      const current = await mustRead(side, id);
      const patch = { note: scalar(null, value), emails: setWrite([], { add: [value] }) };
      const [note, email] = [kept(harness(), 'note', value), kept(harness(), 'emails', value)];
      if (note === REFUSED || email === REFUSED) {
        const error = await failure(side.update({ id, current, patch }));
        expect(error.kind).toBe('rejected');
        expect(error.message).not.toContain(value);
        expect(await mustRead(side, id)).toEqual(current);
        continue;
      }
      const after = await side.update({ id, current, patch });
      expect(after.fields.note).toBe(note);
      expect(texts(after, 'emails')).toEqual([email]);
      const created = await side.create({
        patch: person({ note: value, emails: [value] }),
        marker: `m-${id}`,
      });
      expect(created.fields.note).toBe(note);
      expect(texts(created, 'emails')).toEqual([email]);
    }
  });

  test('a NUL character is refused with the name of the field, and nothing else is written', async (context) => {
    const { side, insert, stamp, refusesNul } = harness();
    needs(context, refusesNul, 'a store that refuses U+0000');
    const id = await insert({ name: 'one', note: 'n' });
    const current = await mustRead(side, id);
    const before = await stamp(id);
    for (const bad of ['a\0b', 'half \ud800 pair']) {
      const patch = { name: scalar('one', 'two'), note: scalar('n', bad) };
      const error = await failure(side.update({ id, current, patch }));
      expect(error).toMatchObject({ kind: 'rejected', details: { field: 'note' } });
      expect(error.message).not.toContain(bad);
    }
    expect(await stamp(id)).toBe(before);
  });

  test('elements that are not touched keep their ids, and an edited one keeps its own', async () => {
    const { side, insert } = harness();
    const id = await insert({ name: 'x', emails: ['a@example.com', 'b@example.com'] });
    const current = await mustRead(side, id);
    const [first, second] = elements(current, 'emails');
    if (first === undefined || second === undefined) throw new Error('two elements were stored');
    const change = [{ id: first.id, from: first.value, to: 'edited@example.com' }];
    const patch = { emails: setWrite([first, second], { change, add: ['c@example.com'] }) };
    const after = await side.update({ id, current, patch });
    expect(texts(after, 'emails')).toEqual([second.value, 'c@example.com', 'edited@example.com'].sort());
    const idOf = (value: string) => elements(after, 'emails').find((element) => element.value === value)?.id;
    expect(idOf(second.value)).toBe(second.id);
    expect(idOf('edited@example.com')).toBe(first.id);
  });

  test('an element is removed by its id, and the others stay', async () => {
    const { side, insert } = harness();
    const id = await insert({ name: 'x', phones: ['13800138000', '13900139000'] });
    const current = await mustRead(side, id);
    const list = elements(current, 'phones');
    const gone = list.find((element) => element.value === '13800138000');
    const patch = { phones: setWrite(list, { remove: gone === undefined ? [] : [gone] }) };
    const after = await side.update({ id, current, patch });
    expect(elements(after, 'phones')).toEqual(list.filter((element) => element !== gone));
    const rest = elements(after, 'phones');
    const emptied = await side.update({
      id,
      current: after,
      patch: { phones: setWrite(rest, { remove: rest }) },
    });
    expect(elements(emptied, 'phones')).toEqual([]);
  });

  test('adding what is already there in another writing adds nothing', async () => {
    const { side, insert } = harness();
    const id = await insert({ name: 'x', phones: ['+86 138 0013 8000'] });
    const current = await mustRead(side, id);
    const patch = { phones: setWrite(elements(current, 'phones'), { add: ['13800138000'] }) };
    const after = await side.update({ id, current, patch });
    expect(elements(after, 'phones')).toEqual(elements(current, 'phones'));
  });

  test('a set without room refuses by name and loses nothing', async (context) => {
    const { side, insert, stamp } = harness();
    const room = side.manifest.capacity.phones;
    if (room === undefined) return context.skip('phones have no limit here');
    const phones = Array.from({ length: room }, (_, at) => `1380013800${at}`);
    const id = await insert({ name: 'one', phones });
    const current = await mustRead(side, id);
    const before = await stamp(id);
    const patch = {
      name: scalar('one', 'two'),
      phones: setWrite(elements(current, 'phones'), { add: ['13900139000'] }),
    };
    const error = await failure(side.update({ id, current, patch }));
    expect(error).toMatchObject({ kind: 'rejected', details: { field: 'phones', code: 'capacity' } });
    expect(await stamp(id)).toBe(before);
  });

  test('a created record holds what was sent', async () => {
    const { side, count } = harness();
    const patch = person({
      name: '李雷',
      note: 'n',
      emails: ['a@example.com', 'b@example.com'],
      phones: ['13800138000'],
    });
    const record = await side.create({ patch, marker: 'udesk-1' });
    expect(record.fields).toMatchObject({ name: '李雷', note: 'n' });
    expect(texts(record, 'emails')).toEqual(['a@example.com', 'b@example.com']);
    expect(record.externalId).toBe(side.manifest.externalId === null ? null : 'udesk-1');
    expect(await mustRead(side, record.id)).toEqual(held(record));
    expect(await count()).toBe(1);
  });

  test('P5: a create sent twice with one marker makes one record', async (context) => {
    const { side, count } = harness();
    needs(context, side.manifest.externalId !== null, 'an external id');
    const request = { patch: person({ name: 'one', emails: ['a@example.com'] }), marker: 'udesk-1' };
    const first = await side.create(request);
    const [again, ...crowd] = await Promise.all([request, request, request].map((one) => side.create(one)));
    expect(again && held(again)).toEqual(held(first));
    expect(crowd.map((record) => record.id)).toEqual([first.id, first.id]);
    const together = { patch: person({ name: 'two' }), marker: 'udesk-2' };
    const made = await Promise.all([together, together, together].map((one) => side.create(one)));
    expect(new Set(made.map((record) => record.id)).size).toBe(1);
    expect(await count()).toBe(2);
  });

  test('the external id can be stored on a record that was there before', async (context) => {
    const { side, insert } = harness();
    needs(context, side.manifest.externalId !== null, 'an external id');
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    const after = await side.update({ id, current, patch: {}, externalId: 'udesk-9' });
    expect(after).toMatchObject({ externalId: 'udesk-9', fields: current.fields });
    expect((await side.lookup('token', 'udesk-9')).map((record) => record.id)).toEqual([id]);
  });

  test('an update without a change is a mistake of the caller', async () => {
    const { side, insert } = harness();
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    expect((await failure(side.update({ id, current, patch: {} }))).kind).toBe('invariant');
  });

  test('a delete removes the record, and deleting it again is done already', async (context) => {
    const { side, insert, count } = harness();
    needs(context, side.manifest.canDelete, 'deleting');
    const id = await insert({ name: 'x', emails: ['a@example.com'], phones: ['13800138000'] });
    const other = await insert({ name: 'y' });
    await side.delete(id);
    expect(await side.read(id)).toBeNull();
    await side.delete(id);
    await side.delete('no-such-id');
    expect(await count()).toBe(1);
    const { ids, deletedIds } = await readAll(side.enumerate());
    expect(ids).toEqual([other]);
    expect(deletedIds).toEqual(side.manifest.visibleDeletes ? [id] : []);
  });

  test('P2: a record that was edited since it was looked at is not deleted', async (context) => {
    const { side, insert } = harness();
    needs(context, side.manifest.canDelete, 'deleting');
    needs(context, side.manifest.compareAndSet, 'compare-and-set');
    const id = await insert({ name: 'one', emails: ['a@example.com'], note: 'n' });
    const current = await mustRead(side, id);
    const email = { id: null, value: 'b@example.com' };
    const edits: Patch[] = [
      { note: scalar('n', 'edited by a person') },
      {
        emails: {
          field: 'emails',
          before: current.fields.emails ?? [],
          after: [...((current.fields.emails ?? []) as SetValue), email],
          ops: { add: [email.value], remove: [], change: [] },
        },
      },
    ];
    let seen = current;
    for (const patch of edits) {
      const edited = await side.update({ id, current: seen, patch });
      expect((await failure(side.delete(id, { current: seen }))).kind).toBe('stale');
      expect((await mustRead(side, id)).fields).toEqual(edited.fields);
      seen = edited;
    }
    await side.delete(id, { current: await mustRead(side, id) });
    expect(await side.read(id)).toBeNull();
    await side.delete(id, { current: seen });
  });

  test('P5: a connection lost before the commit is transient, nothing was written, and the next try works', async () => {
    const { side, insert, stamp, breakNextWrite, count } = harness();
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    const before = await stamp(id);
    const update = { id, current, patch: { name: scalar('one', 'two') } };
    breakNextWrite('before-commit');
    expect((await failure(side.update(update))).kind).toBe('transient');
    expect(await stamp(id)).toBe(before);
    breakNextWrite('before-commit');
    const create = { patch: person({ name: 'new' }), marker: 'udesk-1' };
    expect((await failure(side.create(create))).kind).toBe('transient');
    expect(await count()).toBe(1);
    expect((await side.update(update)).fields.name).toBe('two');
    expect((await side.create(create)).fields.name).toBe('new');
  });

  test('P5: a connection lost after the commit is ambiguous, and the write is found by reading', async (context) => {
    const { side, insert, breakNextWrite, count } = harness();
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    breakNextWrite('after-commit');
    const error = await failure(side.update({ id, current, patch: { name: scalar('one', 'two') } }));
    expect(error).toMatchObject({ kind: 'ambiguous', details: { record: id } });
    expect((await mustRead(side, id)).fields.name).toBe('two');
    needs(context, side.manifest.externalId !== null, 'an external id');
    const create = { patch: person({ name: 'new' }), marker: 'udesk-1' };
    breakNextWrite('after-commit');
    expect((await failure(side.create(create))).kind).toBe('ambiguous');
    const [found] = await side.lookup('token', 'udesk-1');
    expect((await side.create(create)).id).toBe(found?.id);
    expect(await count()).toBe(2);
  });
}
