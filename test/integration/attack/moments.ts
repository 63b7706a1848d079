/** Exact moments: what a person, or a fault, does just before or just after one call of a real side. */
import { type OpenPair, openPair } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { SideName } from '../../../src/core/record.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { type CycleOptions, type CycleReport, runCycle } from '../../../src/engine/cycle.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import type { World } from '../../support/world.ts';

type Call = 'read' | 'lookup' | 'create' | 'update' | 'delete' | 'check' | 'history';

export interface Moment {
  readonly side: SideName;
  readonly call: Call;
  readonly when: 'before' | 'after';
  /** How many times; every time unless told. A moment that throws stands for a fault of that side. */
  readonly times?: number;
  readonly act: () => unknown;
}

/** Once, right before that call. */
export function rightBefore(side: SideName, call: Call, act: () => unknown): Moment {
  return { side, call, when: 'before', times: 1, act };
}

/** The world's pair, whose real sides stop at these moments. */
export function withMoments(pair: PairRuntime, moments: readonly Moment[]): PairRuntime {
  const left = new Map(moments.map((moment) => [moment, moment.times ?? Number.POSITIVE_INFINITY]));
  const meet = async (side: SideName, call: string, when: string) => {
    for (const moment of moments) {
      const times = left.get(moment) ?? 0;
      if (moment.side !== side || moment.call !== call || moment.when !== when || times <= 0) continue;
      left.set(moment, times - 1);
      await moment.act();
    }
  };
  const wrap = (name: SideName, side: Side): Side =>
    new Proxy(side, {
      get(target, key) {
        const member = Reflect.get(target, key) as unknown;
        const calls: readonly string[] = ['read', 'lookup', 'create', 'update', 'delete', 'check', 'history'];
        if (typeof member !== 'function' || !calls.includes(String(key))) return member;
        return async (...args: unknown[]) => {
          await meet(name, String(key), 'before');
          const answer = (await Reflect.apply(member, target, args)) as unknown;
          await meet(name, String(key), 'after');
          return answer;
        };
      },
    });
  return {
    spec: pair.spec,
    sides: { udesk: wrap('udesk', pair.sides.udesk), crm: wrap('crm', pair.sides.crm) },
  };
}

export function syncAt(
  world: World,
  moments: readonly Moment[],
  options: Partial<CycleOptions> = {},
): Promise<CycleReport> {
  return syncPair(world, withMoments(world.pair, moments), options);
}

export function syncPair(
  world: World,
  pair: PairRuntime,
  options: Partial<CycleOptions> = {},
): Promise<CycleReport> {
  return runCycle(world.engine, pair, {
    trigger: 'sync',
    observe: { udesk: 'full', crm: 'full' },
    ...options,
  });
}

/** The pairs of another configuration on the same database, as after a restart. The caller closes them. */
export async function reopen(world: World, edit: (yaml: string) => string): Promise<OpenPair[]> {
  const text = edit(world.configText);
  const config = loadConfig({ env: {}, readFile: () => text, adapters: crmAdapters });
  const { database, engine } = world;
  const ledger = postgresLedger(database.sql);
  const runtime = { config, database, engine, ledger, close: async () => {} };
  return await Promise.all(config.pairs.map((pair) => openPair(runtime, pair)));
}

export const NOTHING = { udesk: 'none', crm: 'none' } as const;
