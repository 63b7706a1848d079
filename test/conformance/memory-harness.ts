/** The `memory` adapter, and a person who works in that CRM beside it. */
import type { Manifest } from '../../src/core/record.ts';
import { createMemoryCrm } from '../../src/crm/memory/memory.ts';
import { CONTEXT, type Harness } from './harness.ts';

/** Commits come late by as much as the cursor reaches back. */
const CURSOR = { overlapMs: 60_000, lateMs: 60_000 };

export function memoryHarness(manifest: Partial<Manifest> = {}) {
  return async (): Promise<Harness> => {
    const { fields } = CONTEXT;
    let stampMs: number | null = null;
    let lastMs = 0;
    // Never the same time twice, so that before and after are what they are on any machine.
    const tick = (): number => {
      lastMs = Math.max(lastMs + 1, Date.now());
      return lastMs;
    };
    const { side, table, faults } = createMemoryCrm({
      clock: () => stampMs ?? tick(),
      fields,
      manifest: { changeCursor: CURSOR, ...manifest },
    });
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
      editLate: async (id, values) => {
        const began = tick();
        return async () => {
          stampMs = began;
          table.edit(id, { ...values });
          stampMs = null;
        };
      },
      throttleNext: (on) => {
        faults.push({ on, kind: 'throttled', retryAfterMs: 1_000 });
      },
      hide: async (id) => {
        table.hide(id);
        return async () => table.show(id);
      },
      refusesNul: false,
      person: table.person,
      close: () => side.close(),
    };
  };
}
