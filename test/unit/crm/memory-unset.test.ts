import { describe, expect, test } from 'vitest';
import { ABSENT } from '../../../src/core/value.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';

describe('P2: a field that nothing was ever stored in is told all the same', () => {
  // Found by the simulation: a field that is not returned takes part in no diff, so an edit of it never travelled.
  test('as absent or as an empty set, by a list and by a point read', async () => {
    const { side, table } = createMemoryCrm({
      fields: [
        { name: 'note', shape: 'scalar', equivalence: 'text' },
        { name: 'phones', shape: 'set', equivalence: 'phone' },
      ],
    });
    const id = table.insert({});
    const unset = { note: ABSENT, phones: [] };

    expect((await side.read(id, {}))?.fields).toEqual(unset);
    for await (const page of side.enumerate({}))
      expect(page.records.map(({ fields }) => fields)).toEqual([unset]);
  });
});
