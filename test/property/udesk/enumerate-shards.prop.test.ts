import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sweepShards } from '../../../src/udesk/enumerate-shards.ts';
import { listTenant } from '../../support/list-tenant.ts';
import { startClient } from '../../support/udesk-client.ts';

const SHARDS = 3;

/** What happens to the tenant just before one request. */
const change = fc.record({
  atRequest: fc.integer({ min: 1, max: 14 }),
  what: fc.oneof(
    fc.record({ create: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ deleteAt: fc.nat(20) }),
    fc.record({ moveAt: fc.nat(20), to: fc.nat(SHARDS - 1) }),
    fc.constant({ flicker: true as const }),
  ),
});

describe('P7: a certified sweep of shards', () => {
  it('has told every customer that is there at its end, whatever was created, deleted or moved meanwhile', async () => {
    let certified = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('newest' as const, 'oldest' as const),
        fc.array(change, { maxLength: 4 }),
        async (count, pageSize, filterOrder, changes) => {
          let next = count;
          const moved = new Map<number, number>();
          const shardOf = (id: number): number => moved.get(id) ?? id % SHARDS;
          const filters = Object.fromEntries(
            Array.from({ length: SHARDS }, (_, shard) => [shard, (id: number) => shardOf(id) === shard]),
          );
          const tenant = listTenant(
            Array.from({ length: count }, (_, n) => count - n),
            { filters, filterOrder },
          );
          tenant.onRequest = (n) => {
            for (const { what } of changes.filter((one) => one.atRequest === n)) {
              if ('create' in what) for (let k = 0; k < what.create; k += 1) tenant.live.unshift(++next);
              else if ('deleteAt' in what) tenant.live.splice(what.deleteAt, 1);
              else if ('moveAt' in what) moved.set(tenant.live[what.moveAt] ?? 0, what.to);
              else if (tenant.live[0] !== undefined && tenant.live[0] > count) tenant.live.shift();
              else tenant.live.unshift(++next);
            }
          };
          const { client, close } = await startClient(tenant.script);
          const ids: string[] = [];
          let end: { certified: boolean; reason: string | null } | null = null;
          const options = { client, pageSize, customFields: [], shards: ['0', '1', '2'], shardFrom: 0 };
          for await (const page of sweepShards(options)) {
            ids.push(...page.records.map((record) => record.id));
            end = page.end;
          }
          await close();
          expect(new Set(ids).size).toBe(ids.length);
          expect(end?.certified).toBe(end?.reason === null);
          if (end?.certified === true) {
            certified += 1;
            expect(tenant.live.map(String).filter((id) => !ids.includes(id))).toEqual([]);
          }
          if (changes.length === 0) expect(end?.certified).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
    expect(certified).toBeGreaterThan(20);
  }, 60_000);
});
