/** A CRM full of people, and what a backfill makes of them. */
import { type CycleOptions, type CycleReport, runCycle } from '../../src/engine/cycle.ts';
import type { World } from './world.ts';

/** People 0…count-1 with an e-mail and a phone of their own. */
export async function fillCrm(world: World, count: number, from = 0): Promise<void> {
  await world.crm`
    insert into contact (name, emails, phones, note, tier)
    select 'Person ' || n, array['p' || n || '@example.com'], array[(13000000000 + n)::text], 'note ' || n, 'standard'
    from generate_series(${from}::int, ${from + count - 1}::int) n`;
}

/** Cycles until nothing is left to do at once, as `sync` runs them. */
export async function fill(
  world: World,
  options: Partial<CycleOptions> = {},
  sync: World['sync'] = world.sync,
): Promise<CycleReport[]> {
  const reports = [await sync(options)];
  for (let report = reports[0]; report?.backfill?.more === true; ) {
    report = await sync({ ...options, observe: { udesk: 'none', crm: 'changes' } });
    reports.push(report);
  }
  return reports;
}

/** Names of all customers, sorted. */
export function names(world: World): string[] {
  return world.simulator.tenant
    .list()
    .map(({ nick_name }) => nick_name ?? '')
    .sort();
}

export function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `Person ${n}`).sort();
}

const LATER_MS = 10 * 60_000;

/** The same world ten minutes later, or as much as is said: whatever waits for a lag waits no more. */
export function later(world: World, lateMs = LATER_MS): World['sync'] {
  const engine: World['engine'] = { ...world.engine, clock: () => new Date(Date.now() + lateMs) };
  return (options = {}) =>
    runCycle(engine, world.pair, {
      trigger: 'sync',
      observe: { udesk: 'full', crm: 'full' },
      ...options,
    });
}

/** How many batches reached Udesk. */
export function batchCalls(world: World): number {
  return world.simulator.counts().byCall['POST /open_api_v1/customers/batch_import_async'] ?? 0;
}
