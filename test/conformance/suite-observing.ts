import { expect } from 'vitest';
import type { Contact } from '../../src/core/contacts.ts';
import {
  elements,
  type Harness,
  kept,
  mustRead,
  needs,
  type Register,
  readAll,
  scalar,
  texts,
} from './harness.ts';

export function observingTests(harness: () => Harness, test: Register): void {
  test('an enumeration of 2,500 rows is complete, without a double, and certified', async () => {
    const { side, insertMany } = harness();
    const ids = await insertMany(2_500);
    const { ids: seen, end } = await readAll(side.enumerate());
    expect(seen).toHaveLength(2_500);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(end).toMatchObject({ certified: true, reason: null });
  });

  test('an empty table is certified as empty', async () => {
    const { records, end } = await readAll(harness().side.enumerate());
    expect(records).toEqual([]);
    expect(end.certified).toBe(true);
  });

  test('P7: an insert and a delete during a certified enumeration hide no row that lives through it', async () => {
    const { side, insertMany, insert, remove } = harness();
    const ids = await insertMany(2_500);
    const gone = [ids[0], ids[1_200], ids[2_400]].filter((id) => id !== undefined);
    const seen: string[] = [];
    let certified = false;
    for await (const page of side.enumerate()) {
      if (seen.length === 0) {
        for (const id of gone) await remove(id);
        await insert({ name: 'new' });
      }
      seen.push(...page.records.map((record) => record.id));
      certified = page.end?.certified ?? false;
    }
    expect(certified).toBe(true);
    expect(new Set(seen).size).toBe(seen.length);
    expect(ids.filter((id) => !gone.includes(id) && !seen.includes(id))).toEqual([]);
  });

  test('a reader that stops in the middle of an enumeration leaves the side usable', async () => {
    const { side, insertMany } = harness();
    const [id] = await insertMany(2_001);
    for (let round = 0; round < 5; round++) {
      for await (const _page of side.enumerate()) break;
    }
    expect(await side.read(id ?? '')).not.toBeNull();
  });

  test('changes() shows an edit, a new row and a deletion after the cursor', async (context) => {
    const { side, insert, edit, remove } = harness();
    needs(context, side.manifest.changeCursor !== null, 'a change cursor');
    const edited = await insert({ name: 'before' });
    const gone = await insert({ name: 'gone' });
    const { end } = await readAll(side.enumerate());
    await edit(edited, { name: 'after' });
    const fresh = await insert({ name: 'fresh' });
    await remove(gone);
    const seen = await readAll(side.changes(end.cursor ?? ''));
    expect(seen.records.find((record) => record.id === edited)?.fields.name).toBe('after');
    expect(seen.ids).toContain(fresh);
    expect(seen.ids).not.toContain(gone);
    if (side.manifest.visibleDeletes) expect(seen.deletedIds).toContain(gone);
    expect(seen.end.certified).toBe(false);
    expect(seen.end.cursor).not.toBeNull();
  });

  test('changes() comes in pages when much has changed, each row once', async (context) => {
    const { side, insertMany } = harness();
    needs(context, side.manifest.changeCursor !== null, 'a change cursor');
    const { end } = await readAll(side.enumerate());
    const ids = await insertMany(2_500);
    const { ids: seen } = await readAll(side.changes(end.cursor ?? ''));
    expect(seen).toHaveLength(2_500);
    expect(new Set(seen)).toEqual(new Set(ids));
  });

  test('an edit stamped before the cursor and committed after it is not lost (T6)', async (context) => {
    const { side, insert, editLate } = harness();
    needs(context, side.manifest.changeCursor !== null, 'a change cursor');
    if (editLate === undefined) return context.skip('no open transactions in this store');
    const id = await insert({ name: 'before' });
    const commit = await editLate(id, { name: 'late' });
    const { records, end } = await readAll(side.enumerate());
    expect(records.map((record) => record.fields.name)).toEqual(['before']);
    await commit();
    const seen = await readAll(side.changes(end.cursor ?? ''));
    expect(seen.records.find((record) => record.id === id)?.fields.name).toBe('late');
  });

  test('a cursor of another kind is answered with cursor-expired', async (context) => {
    const { side } = harness();
    needs(context, side.manifest.changeCursor !== null, 'a change cursor');
    const error = await readAll(side.changes('page=7')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'cursor-expired' });
  });

  test('a point read gives the row, and null for what does not exist', async () => {
    const { side, insert } = harness();
    const id = await insert({
      name: '王小明',
      note: null,
      emails: ['a@example.com'],
      phones: ['13800138000'],
    });
    const record = await mustRead(side, id);
    expect(record.id).toBe(id);
    expect(record.fields).toMatchObject({ name: '王小明', note: null });
    expect(texts(record, 'emails')).toEqual(['a@example.com']);
    expect(texts(record, 'phones')).toEqual(['13800138000']);
    for (const nobody of [
      '987654321',
      'no-such-id',
      "'; drop table x; --",
      '99999999999999999999',
      '\0',
      '',
    ]) {
      expect(await side.read(nobody)).toBeNull();
    }
  });

  test('null and the empty text stay two values where the store has two', async () => {
    const { side, insert } = harness();
    const [empty, none] = [await insert({ name: 'x', note: '' }), await insert({ name: 'x', note: null })];
    expect((await mustRead(side, empty)).fields.note).toBe(kept(harness(), 'note', ''));
    expect((await mustRead(side, none)).fields.note).toBeNull();
  });

  test('a record looks the same whichever way it was read', async () => {
    const { side, insert } = harness();
    const id = await insert({
      name: 'same',
      emails: ['a@example.com', 'b@example.com'],
      phones: ['13800138001'],
    });
    const read = await mustRead(side, id);
    const { records } = await readAll(side.enumerate());
    expect(records).toEqual([read]);
    expect(await side.lookup('email', 'a@example.com')).toEqual([read]);
  });

  test('elements carry ids where the manifest says so, and never two the same', async () => {
    const { side, insert } = harness();
    const record = await mustRead(side, await insert({ emails: ['a@example.com', 'b@example.com'] }));
    const ids = elements(record, 'emails').map((element) => element.id);
    if (side.manifest.elementIds) expect(new Set(ids).size).toBe(2);
    if (side.manifest.elementIds) expect(ids).not.toContain(null);
  });

  test('a person is found by e-mail in any case, and by phone in any way of writing', async () => {
    const { side, insert } = harness();
    const id = await insert({
      emails: ['First@Example.com', 'second@example.com'],
      phones: ['+86 138-0013-8000'],
    });
    await insert({ emails: ['first@example.com.cn'], phones: ['13900138000'] });
    const ids = async (kind: 'email' | 'cellphone', value: string) =>
      (await side.lookup(kind, value)).map((record) => record.id);
    expect(await ids('email', 'first@example.COM')).toEqual([id]);
    expect(await ids('email', ' second@example.com ')).toEqual([id]);
    expect(await ids('cellphone', '13800138000')).toEqual([id]);
    expect(await ids('cellphone', '0086 138 0013 8000')).toEqual([id]);
    expect(await ids('email', 'nobody@example.com')).toEqual([]);
    expect(await ids('cellphone', '13700138000')).toEqual([]);
    expect(await ids('email', "' or true --")).toEqual([]);
  });

  test('of many e-mails and phones at once it is told which nobody holds, and never one that somebody does', async (context) => {
    const { side, insert, remove } = harness();
    const unheld = side.unheld?.bind(side);
    needs(context, unheld !== undefined, 'questions about many at once');
    await insert({ emails: ['First@Example.com', 'second@example.com'], phones: ['+86 138-0013-8000'] });
    await insert({ emails: ['third@example.com'], phones: ['13900138000', '110'] });
    await remove(await insert({ emails: ['gone@example.com'] }));
    const all = (kind: Contact['kind'], values: string[]) => values.map((value) => ({ kind, value }));
    const held = [
      ...all('email', ['first@example.COM', ' second@example.com ', 'third@example.com']),
      ...all('cellphone', ['13800138000', '0086 139 0013 8000', '110']),
    ];
    const free = [
      ...all('email', ['nobody@example.com', "' or true --", 'gone@example.com']),
      ...all(
        'email',
        Array.from({ length: 120 }, (_, n) => `nobody${n}@example.com`),
      ),
      // The last seven digits of somebody's, and no number of theirs.
      ...all('cellphone', ['13700138000', '+1 212 013 8000']),
    ];
    expect(await unheld?.([...held, ...free])).toEqual(free);
    expect(await unheld?.([...free, ...held].filter(({ kind }) => kind === 'cellphone'))).toEqual(
      free.filter(({ kind }) => kind === 'cellphone'),
    );
    expect(await unheld?.(held)).toEqual([]);
    expect(await unheld?.([])).toEqual([]);
  });

  test('every record that holds a key is found, and a deleted one is not', async (context) => {
    const { side, insert, remove, uniqueEmails } = harness();
    if (uniqueEmails) return context.skip('no two records hold the same e-mail in this store');
    const ids = [
      await insert({ emails: ['office@example.com'] }),
      await insert({ emails: ['OFFICE@example.com'] }),
    ];
    const gone = await insert({ emails: ['office@example.com'] });
    await remove(gone);
    const found = await side.lookup('email', 'office@example.com');
    expect(new Set(found.map((record) => record.id))).toEqual(new Set(ids));
  });

  test('a record is found by its external id', async (context) => {
    const { side, insert } = harness();
    needs(context, side.manifest.externalId !== null, 'an external id');
    const id = await insert({ name: 'x' }, 'udesk-77');
    expect((await side.lookup('token', 'udesk-77')).map((record) => record.id)).toEqual([id]);
    expect(await side.lookup('token', 'udesk-7')).toEqual([]);
    expect((await mustRead(side, id)).externalId).toBe('udesk-77');
  });

  test('a deleted record is gone from reads and enumerations, and shown where deletes are visible', async () => {
    const { side, insert, remove } = harness();
    const id = await insert({ name: 'x' });
    await remove(id);
    expect(await side.read(id)).toBeNull();
    const { ids, deletedIds } = await readAll(side.enumerate());
    expect(ids).toEqual([]);
    expect(deletedIds).toEqual(side.manifest.visibleDeletes ? [id] : []);
  });

  test('the version differs after a change, where there is one', async () => {
    const { side, insert } = harness();
    const id = await insert({ name: 'one' });
    const before = await mustRead(side, id);
    const after = await side.update({ id, current: before, patch: { name: scalar('one', 'two') } });
    if (before.version !== null) expect(after.version).not.toBe(before.version);
    if (before.updatedAt !== null)
      expect(after.updatedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('check() counts, knows the fields, keeps its fingerprint and finds no problem', async () => {
    const { side, insertMany } = harness();
    await insertMany(3);
    const [one, two] = [await side.check(), await side.check()];
    expect(one.count).toBe(3);
    expect(two.fingerprint).toBe(one.fingerprint);
    expect(one.fingerprint).not.toBe('');
    expect(Math.abs(one.clockSkewMs ?? 0)).toBeLessThan(60_000);
    expect(one.findings.filter((finding) => finding.level === 'problem')).toEqual([]);
  });
}
