/** Where a CRM says no or not now: rates, sizes, and records out of sight. */
import { expect } from 'vitest';
import {
  failure,
  type Harness,
  kept,
  mustRead,
  needs,
  person,
  REFUSED,
  type Register,
  readAll,
  scalar,
} from './harness.ts';

/** Longer than any field of a CRM that we know; what is not taken must be refused. */
const LONG = 200_000;

export function limitTests(harness: () => Harness, test: Register): void {
  test('a throttled read is throttled, and works when it is asked again', async (context) => {
    const { side, insert, throttleNext } = harness();
    if (throttleNext === undefined) return context.skip('nobody is throttled in this store');
    const id = await insert({ name: 'one' });
    // Whoever needs a token has one then.
    await mustRead(side, id);
    throttleNext('read');
    const error = await failure(side.read(id));
    expect(error.kind).toBe('throttled');
    expect(error.details.retryAfterMs ?? 1).toBeGreaterThan(0);
    expect((await mustRead(side, id)).fields.name).toBe('one');
  });

  test('P5: a throttled write is throttled, was not done, and is done once when it is sent again', async (context) => {
    const { side, insert, stamp, count, throttleNext } = harness();
    if (throttleNext === undefined) return context.skip('nobody is throttled in this store');
    const id = await insert({ name: 'one' });
    const current = await mustRead(side, id);
    const before = await stamp(id);
    const update = { id, current, patch: { name: scalar('one', 'two') } };
    throttleNext('write');
    expect((await failure(side.update(update))).kind).toBe('throttled');
    expect(await stamp(id)).toBe(before);
    expect((await side.update(update)).fields.name).toBe('two');
    const create = { patch: person({ name: 'new' }), marker: 'udesk-1' };
    throttleNext('write');
    expect((await failure(side.create(create))).kind).toBe('throttled');
    expect(await count()).toBe(1);
    await side.create(create);
    expect(await count()).toBe(2);
  });

  test('P2: a text that is too long is refused by name and changes nothing, or is kept whole: never cut', async () => {
    const { side, insert, stamp } = harness();
    const id = await insert({ name: 'one', note: 'n' });
    const current = await mustRead(side, id);
    const before = await stamp(id);
    const long = `${'长'.repeat(LONG)}end`;
    const outcome = await side
      .update({ id, current, patch: { note: scalar('n', long), name: scalar('one', 'two') } })
      .catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({ kind: 'rejected' });
      expect(outcome.message).not.toContain('长长');
      expect(await stamp(id)).toBe(before);
      expect((await mustRead(side, id)).fields).toMatchObject({ name: 'one', note: 'n' });
      return;
    }
    expect((await mustRead(side, id)).fields).toMatchObject({ name: 'two', note: long });
  });

  test('what the CRM makes of a value is what the write, a read and the list show, and to send that form changes nothing', async (context) => {
    const { side } = harness();
    const sent = { note: '  Spaces  at  both ends\t', email: 'Some.Body+Tag@Example.COM' };
    const note = kept(harness(), 'note', sent.note);
    const email = kept(harness(), 'emails', sent.email);
    if (note === REFUSED || email === REFUSED) return context.skip('this store takes no such texts');
    const patch = person({ name: 'form', note: sent.note, emails: [sent.email] });
    const created = await side.create({ patch, marker: 'udesk-form' });
    expect(created.fields.note).toBe(note);
    expect(created.fields.emails).toMatchObject([{ value: email }]);
    const read = await mustRead(side, created.id);
    expect(created.fields).toEqual(read.fields);
    expect((await readAll(side.enumerate())).records).toEqual([read]);
    const again = await side.update({ id: read.id, current: read, patch: { note: scalar(note, note) } });
    expect(again.fields).toEqual(read.fields);
  });

  test('P7: a record out of sight is not there, and is not shown as deleted; back in sight it is the same', async (context) => {
    const { side, insert, hide } = harness();
    needs(context, side.manifest.mayHide, 'records out of sight');
    if (hide === undefined) return context.skip('this harness cannot hide a record');
    const id = await insert({ name: 'hidden', emails: ['hidden@example.com'] });
    const other = await insert({ name: 'seen' });
    const before = await mustRead(side, id);
    const { end } = await readAll(side.enumerate());
    const show = await hide(id);
    expect(await side.read(id)).toBeNull();
    const { ids, deletedIds } = await readAll(side.enumerate());
    expect(ids).toEqual([other]);
    expect(deletedIds).not.toContain(id);
    if (side.manifest.changeCursor !== null) {
      expect((await readAll(side.changes(end.cursor ?? ''))).deletedIds).not.toContain(id);
    }
    await show();
    expect((await mustRead(side, id)).fields).toEqual(before.fields);
  });

  test('P7: pages that move under an enumeration hide nobody from it, or it is not certified', async () => {
    const { side, insertMany, remove, insert } = harness();
    const ids = await insertMany(1_200);
    const stays = new Set(ids);
    const seen = new Set<string>();
    let certified = false;
    let at = 0;
    for await (const page of side.enumerate()) {
      for (const record of page.records) seen.add(record.id);
      // One goes in front of the reader and one comes behind it: no count shows it.
      const gone = ids[at++];
      if (gone !== undefined && at <= 3) {
        await remove(gone);
        stays.delete(gone);
        await insert({ name: `late ${at}` });
      }
      certified = page.end?.certified ?? false;
    }
    if (certified) expect([...stays].filter((id) => !seen.has(id))).toEqual([]);
  });
}
