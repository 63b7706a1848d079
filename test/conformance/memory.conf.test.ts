import { describe, expect, test } from 'vitest';
import { createMemoryCrm } from '../../src/crm/memory/memory.ts';
import { crmAdapters } from '../../src/crm/registry.ts';
import { CONTEXT, failure, mustRead, person, readAll, scalar } from './harness.ts';
import { memoryHarness } from './memory-harness.ts';
import { describeSide } from './suite.ts';

describeSide('memory', memoryHarness());
describeSide(
  'memory, with little',
  memoryHarness({
    changeCursor: null,
    compareAndSet: false,
    visibleDeletes: false,
    externalId: null,
    elementIds: false,
    trustedTime: false,
    tellsAuthor: false,
    mayHide: true,
    capacity: { phones: 2 },
  }),
);

describe('memory, as a test peer', () => {
  test('an ordered fault is spent once, on the call that it names', async () => {
    const { side, table, faults } = createMemoryCrm();
    const id = table.insert({ name: 'one' });
    faults.push({ on: 'update', kind: 'stale' }, { kind: 'throttled', retryAfterMs: 5_000 });
    expect(await failure(side.read(id))).toMatchObject({
      kind: 'throttled',
      details: { retryAfterMs: 5_000 },
    });
    const current = await mustRead(side, id);
    const patch = { name: scalar('one', 'two') };
    expect((await failure(side.update({ id, current, patch }))).kind).toBe('stale');
    expect((await side.update({ id, current, patch })).fields.name).toBe('two');
    expect(table.writes).toEqual({ create: 0, update: 1, delete: 0 });
  });

  test('a create whose answer was lost is done, and found only after the lookup lag (T13)', async () => {
    let now = 0;
    const { side, table, faults } = createMemoryCrm({ clock: () => now, manifest: { lookupLagMs: 1_000 } });
    faults.push({ on: 'create', kind: 'ambiguous-after' });
    const error = await failure(side.create({ patch: person({ name: 'one' }), marker: 'udesk-1' }));
    expect(error.kind).toBe('ambiguous');
    expect(table.list()).toHaveLength(1);
    expect(await side.lookup('token', 'udesk-1')).toEqual([]);
    now = 1_000;
    expect(await side.lookup('token', 'udesk-1')).toHaveLength(1);
  });

  test('an enumeration beyond the cap is never certified', async () => {
    const { side, table } = createMemoryCrm({ manifest: { enumerationCap: 2 } });
    for (const name of ['a', 'b', 'c']) table.insert({ name });
    const { records, end } = await readAll(side.enumerate());
    expect(records).toHaveLength(2);
    expect(end.certified).toBe(false);
    expect(end.reason).toContain('2 rows');
  });

  test('what the CRM makes of a value is what is read back', async () => {
    const normalise = (field: string, value: string) => (field === 'emails' ? value.toLowerCase() : value);
    const { side } = createMemoryCrm({ normalise });
    const record = await side.create({
      patch: person({ name: 'A', emails: ['A@Example.com'] }),
      marker: 'm',
    });
    expect(record.fields.emails).toMatchObject([{ value: 'a@example.com' }]);
    expect(record.fields.name).toBe('A');
  });

  test('it is in the registry, and refuses an unknown key', async () => {
    const side = await crmAdapters.memory?.create({ adapter: 'memory' }, CONTEXT);
    expect(side?.manifest.adapter).toBe('memory');
    expect(crmAdapters.memory?.schema.safeParse({ adapter: 'memory', url: 'x' }).success).toBe(false);
  });
});
