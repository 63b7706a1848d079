import { describe, expect, test } from 'vitest';
import { editAuthor, type SeenEdit } from '../../../src/core/edit-author.ts';
import type { LastEdit } from '../../../src/core/record.ts';
import { storableRecord } from '../../../src/core/storable.ts';

const ann: LastEdit = { id: '7', name: 'Ann', at: '2026-11-26T08:00:00.000Z', own: false };
const seen = (over: Partial<SeenEdit> = {}) =>
  editAuthor({
    lastEdit: ann,
    before: { id: '8', name: 'Bob', at: '2026-11-26T07:00:00.000Z', own: false },
    fields: 1,
    ownWrite: false,
    lookedAt: '2026-11-26T07:59:30.000Z',
    seenAt: '2026-11-26T08:00:30.000Z',
    ...over,
  });

describe('who made a change, where the side tells who touched the record last', () => {
  test('one field changed shortly after the last look: whoever touched the record edited that field', () => {
    expect(seen()).toEqual({ name: 'Ann', at: ann.at, knownBy: 'field' });
  });

  test.each<[string, Partial<SeenEdit>]>([
    ['several fields changed', { fields: 2 }],
    [
      'hours lie between the two looks, and with them perhaps another edit',
      { lookedAt: '2026-11-26T05:00:00.000Z' },
    ],
    ['when it was last looked at is not known', { lookedAt: null }],
    [
      'our clock was set back since the last look, so that nobody knows how long ago it was',
      { lookedAt: '2026-11-26T08:30:00.000Z' },
    ],
    ['the side tells no time that belongs to the author', { lastEdit: { ...ann, at: null } }],
  ])('%s: it is only said who changed the record last', (_, over) => {
    expect(seen(over)).toMatchObject({ name: 'Ann', knownBy: 'record' });
  });

  test.each<[string, Partial<SeenEdit>]>([
    ['the side names nobody', { lastEdit: null }],
    ['the adapter does not tell', { lastEdit: undefined }],
    ['it names neither an id nor a name', { lastEdit: { ...ann, id: null, name: null } }],
    [
      'our own login touched the record last: whoever edited did so before us',
      { lastEdit: { ...ann, own: true } },
    ],
    ['a write of ours shows it', { ownWrite: true }],
    ['no mapped field changed', { fields: 0 }],
    ['the edit that it names was known before the change', { before: ann }],
    [
      'the edit that it names is older than one that was known',
      { before: { ...ann, id: '8', at: '2026-11-26T08:00:01.000Z' } },
    ],
  ])('%s: nobody is named', (_, over) => {
    expect(seen(over)).toBeNull();
  });

  test('of two people within one step of the clock the second is named', () => {
    expect(seen({ before: { ...ann, id: '8', name: 'Bob' } })).toMatchObject({ name: 'Ann' });
  });

  test('without a name it is the id; a time that no report could read is left out', () => {
    expect(seen({ lastEdit: { ...ann, name: null } })).toMatchObject({ name: '7' });
    expect(seen({ lastEdit: { ...ann, at: '+012026-01-01T00:00:00.000Z' } })).toMatchObject({ at: null });
  });
});

test('an author whose name no database can keep costs the name, and not the record', () => {
  const record = { id: '1', fields: {}, externalId: null, version: null, updatedAt: null };
  const kept = storableRecord({ ...record, lastEdit: { ...ann, name: 'A\u0000' } });
  expect(kept?.lastEdit).toEqual({ ...ann, name: null });
});
