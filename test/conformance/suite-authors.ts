/** Who changed a record last: told as it is where the manifest says that it is told, and nowhere else. */
import { expect } from 'vitest';
import type { SideRecord } from '../../src/core/record.ts';
import { type Harness, mustRead, needs, type Register, readAll, scalar } from './harness.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function authorTests(harness: () => Harness, test: Register): void {
  test('a side that does not tell authors names nobody, whoever edits', async (context) => {
    const { side, insert, edit } = harness();
    if (side.manifest.tellsAuthor === true) return context.skip('this manifest tells authors');
    const id = await insert({ name: 'before' });
    await edit(id, { name: 'after' });
    const current = await mustRead(side, id);
    const { records } = await readAll(side.enumerate());
    const written = await side.update({ id, current, patch: { name: scalar('after', 'ours') } });
    for (const record of [current, ...records, written]) expect(record.lastEdit ?? null).toBeNull();
  });

  test('after the edit of a person that person is its author, whichever way the record is read', async (context) => {
    const { side, insert, edit, person } = harness();
    needs(context, side.manifest.tellsAuthor === true, 'authors');
    const id = await insert({ name: 'before', emails: ['a@example.com'] });
    const { end } = await readAll(side.enumerate());
    await edit(id, { name: 'after' });
    const record = await mustRead(side, id);
    const seen = [
      record,
      ...(await readAll(side.enumerate())).records,
      ...(end.cursor === null ? [] : (await readAll(side.changes(end.cursor))).records),
      ...(await side.lookup('email', 'a@example.com')),
    ];
    for (const one of seen) expect(one.lastEdit).toEqual(record.lastEdit);
    expect(record.lastEdit).toMatchObject({ ...person, own: false });
    timely(record);
  });

  test('after a write of ours we are its author, and the next person after that', async (context) => {
    const { side, insert, edit, person } = harness();
    needs(context, side.manifest.tellsAuthor === true, 'authors');
    const id = await insert({ name: 'theirs' });
    const current = await mustRead(side, id);
    const written = await side.update({ id, current, patch: { name: scalar('theirs', 'ours') } });
    const read = await mustRead(side, id);
    expect([written.lastEdit?.own ?? true, read.lastEdit?.own]).toEqual([true, true]);
    timely(read);
    const made = await side.create({ patch: { name: scalar(null, 'made by us') }, marker: 'udesk-author' });
    expect((await mustRead(side, made.id)).lastEdit?.own).toBe(true);
    await edit(id, { name: 'theirs again' });
    expect((await mustRead(side, id)).lastEdit).toMatchObject({ ...person, own: false });
  });
}

/** Its time is that of the record, by the clock of the side; null where the side tells none that belongs to it. */
function timely({ lastEdit, updatedAt }: SideRecord): void {
  const at = lastEdit?.at ?? null;
  if (at === null) return;
  expect(at).toMatch(ISO);
  if (updatedAt !== null) expect(Math.abs(Date.parse(at) - Date.parse(updatedAt))).toBeLessThan(60_000);
}
