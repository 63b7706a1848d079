/** The `memory` adapter, and a person who works in that CRM beside it. */
import type { Manifest } from '../../src/core/record.ts';
import { createMemoryCrm } from '../../src/crm/memory/memory.ts';
import { CONTEXT, type Harness } from './harness.ts';

export function memoryHarness(manifest: Partial<Manifest> = {}) {
  return async (): Promise<Harness> => {
    const { clock, fields } = CONTEXT;
    const { side, table, faults } = createMemoryCrm({ clock, fields, manifest });
    const blank = { name: null, note: null, emails: [], phones: [] };
    return {
      side,
      insert: async (values, externalId) =>
        table.insert({ ...blank, ...values }, { externalId: externalId ?? null }),
      insertMany: async (count) =>
        Array.from({ length: count }, (_, at) => table.insert({ ...blank, name: `person ${at}` })),
      edit: async (id, values) => table.edit(id, { ...values }),
      remove: async (id) => table.delete(id),
      stamp: async (id) => String(table.find(id)?.version),
      count: async () => table.list().length,
      breakNextWrite: (when) => {
        faults.push({ on: 'write', kind: when === 'before-commit' ? 'transient' : 'ambiguous-after' });
      },
      refusesNul: false,
      close: () => side.close(),
    };
  };
}
