/**
 * The same day for every CRM: a simulated Udesk over HTTP, the whole engine with its own database, and any CRM that has a
 * conformance harness. Only the harness differs from adapter to adapter. A new one needs a file of one call:
 * `describeScenario('odoo', odooHarness)`.
 */
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { toPairSpec } from '../../src/config/pair-spec.ts';
import { normalizeText } from '../../src/core/equivalence.ts';
import type { SideRecord } from '../../src/core/record.ts';
import { unsafeCombinations } from '../../src/core/unsafe-combinations.ts';
import { isBlank, isSet, type Value } from '../../src/core/value.ts';
import type { Side } from '../../src/crm/adapter.ts';
import { crmAdapters } from '../../src/crm/registry.ts';
import { type CycleOptions, type CycleReport, runCycle } from '../../src/engine/cycle.ts';
import type { CustomerView } from '../../src/simulator/handle.ts';
import { decideConflict } from '../../src/store/conflict-decisions.ts';
import { type Harness, readAll } from '../conformance/harness.ts';
import { createWorld, ourRows, type World } from './world.ts';

export interface ScenarioOptions {
  /** People on each side, 500 unless told; two fifths of them are on both. */
  readonly size?: number;
  /** `propagate` unless told, or where the CRM's manifest does not allow it. */
  readonly deletes?: 'propagate' | 'flag';
  readonly idleCycles?: number;
  /** For a CRM that takes its time; 300,000 unless told. */
  readonly timeoutMs?: number;
}

/** What happened, for the reader of a test run. */
export interface ScenarioCounts {
  people: number;
  inBoth: number;
  created: { udesk: number; crm: number };
  edited: number;
  conflicts: number;
  deleted: number;
  /** Cycles until nothing was left to write: after the first plan, the edits, the decisions and the deletions. */
  cycles: { first: number; edits: number; decisions: number; deletes: number };
  writes: { udesk: number; crm: number };
  idleCycles: number;
  seconds: number;
}

export function describeScenario(
  name: string,
  makeHarness: () => Promise<Harness>,
  options: ScenarioOptions = {},
): void {
  test(`P4, P6: ${options.size ?? 500} people on each side of ${name}: overlap, edits, conflicts and deletions converge, then it is quiet`, {
    timeout: options.timeoutMs ?? 300_000,
  }, async () => {
    const counts = await runScenario(await makeHarness(), options);
    console.log(`${name}: ${JSON.stringify(counts)}`);
  });
}

const PAIR = {
  fields: `[
      { udesk: nick_name, crm: name },
      { udesk: description, crm: note },
      { udesk: emails, crm: emails, policy: union },
      { udesk: cellphones, crm: phones, policy: union }
    ]`,
  firstRun: 'review',
  guards: '{ deletes: { max: 50, share: 0.5 }, updates: { share: 1 }, creates: { perHour: 100000 } }',
};

/** Closes the harness, whatever happens. */
export async function runScenario(
  harness: Harness,
  { size = 500, deletes: wanted = 'propagate', idleCycles = 3 }: ScenarioOptions = {},
): Promise<ScenarioCounts> {
  const startedAt = performance.now();
  const both = Math.floor(size * 0.4);
  const people = 2 * size - both;
  const { manifest } = harness.side;
  const canPropagate = manifest.canDelete && (manifest.visibleDeletes || !manifest.mayHide);
  const deletes = canPropagate ? wanted : 'flag';
  const world = await createWorld({
    customers: range(0, size).map((n) => ({
      nick_name: nameOf(n),
      email: emailOf(n),
      cellphones: [phoneOf(n)],
    })),
    pair: { ...PAIR, deletes },
  });
  try {
    // People 0…both-1 are on both sides, up to size-1 in Udesk alone, the rest in the CRM alone.
    const crmIds: string[] = [];
    const insert = async (n: number): Promise<void> => {
      const person = { name: nameOf(n), note: null, emails: [emailOf(n)], phones: [phoneOf(n)] };
      crmIds[n] = await harness.insert(person);
    };
    const inCrm = [...range(0, both), ...range(size, people)];
    for (let at = 0; at < inCrm.length; at += 8) await Promise.all(inCrm.slice(at, at + 8).map(insert));
    const day = startDay(world, harness, crmIds);
    const { tenant } = world.simulator;

    const waiting = await day.cycle();
    expect(waiting).toMatchObject({ outcome: 'waiting', firstPlan: true });
    expect(waiting.matched.linked, 'links of the first plan').toBe(both);
    expect(day.writes(), 'writes before the first plan was accepted').toEqual({ udesk: 0, crm: 0 });
    const first = await day.quiet({ acceptFirstPlan: { who: 'ann' } });
    expect(tenant.count, 'customers after the first plan').toBe(people);
    await day.expectEqual([]);
    expect(await world.conflicts()).toEqual([]);

    const [fields, sets, names] = [
      range(0, both / 4),
      range(both / 4, both / 2),
      range(both / 2, both * 0.6),
    ];
    for (const n of fields) {
      tenant.edit(day.udeskId(n), { nick_name: `Renamed ${n}` });
      await harness.edit(crmIds[n] ?? '', { note: `seen by ${n}` });
    }
    for (const n of sets) {
      tenant.edit(day.udeskId(n), { cellphones: [phoneOf(n), phoneOf(n + people)] });
      await harness.edit(crmIds[n] ?? '', { emails: [emailOf(n), emailOf(n + people)] });
    }
    for (const n of names) {
      tenant.edit(day.udeskId(n), { nick_name: `Udesk ${n}` });
      await harness.edit(crmIds[n] ?? '', { name: `Crm ${n}` });
    }
    const edits = await day.quiet();
    await day.expectEqual(names);
    for (const n of fields) {
      expect(tenant.get(day.udeskId(n))).toMatchObject({
        nick_name: `Renamed ${n}`,
        description: `seen by ${n}`,
      });
    }
    for (const n of sets) {
      const customer = tenant.get(day.udeskId(n));
      expect(customer?.cellphones).toHaveLength(2);
      expect(customer?.other_emails.map(({ content }) => content)).toEqual([emailOf(n + people)]);
    }

    const rows = await world.conflicts();
    expect(rows.map(({ field, state }) => `${field} ${state}`)).toEqual(names.map(() => 'nick_name open'));
    expect(new Set(rows.map(({ linkId }) => linkId)).size, 'links with a conflict').toBe(names.length);
    for (const [at, { id, udesk, crm }] of rows.entries()) {
      expect([udesk, crm]).toEqual([expect.stringMatching(/^Udesk /), expect.stringMatching(/^Crm /)]);
      const take = at % 2 === 0 ? 'udesk' : 'crm';
      const choice = { conflictId: id, who: 'reviewer', take, value: null, at: new Date() } as const;
      await decideConflict(world.database.db, choice);
    }
    const decisions = await day.quiet();
    await day.expectEqual([]);
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(names.map(() => 'resolved'));
    const kept = tenant.list().filter(({ nick_name }) => /^(Udesk|Crm) /.test(nick_name));
    expect(kept.filter(({ nick_name }) => nick_name.startsWith('Crm '))).toHaveLength(
      Math.floor(names.length / 2),
    );

    const few = Math.min(3, Math.floor(both / 10));
    const [goneInUdesk, goneInCrm] = [range(both - few, both), range(both - 2 * few, both - few)];
    for (const n of goneInUdesk) tenant.delete(day.udeskId(n));
    for (const n of goneInCrm) await harness.remove(crmIds[n] ?? '');
    const deleted = await day.quiet();
    await day.expectDeleted(deletes, { udesk: goneInUdesk, crm: goneInCrm });

    expect(Math.max(edits, decisions, deleted), 'P6: cycles until all is equal').toBeLessThanOrEqual(2);

    const before = { writes: day.writes(), crm: await day.state() };
    for (const _ of range(0, idleCycles)) expect(await day.cycle()).toMatchObject({ outcome: 'done' });
    expect({ writes: day.writes(), crm: await day.state() }, 'writes of idle cycles').toEqual(before);
    expect(
      await ourRows(
        world,
        `select state, count(*) from udesk_sync.intent where state <> 'settled' group by 1`,
      ),
    ).toEqual([]);

    return {
      people,
      inBoth: both,
      created: { udesk: people - size, crm: people - size },
      edited: fields.length + sets.length,
      conflicts: names.length,
      deleted: 2 * few,
      cycles: { first, edits, decisions, deletes: deleted },
      writes: day.writes(),
      idleCycles,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    };
  } finally {
    await world.close();
    await harness.close();
  }
}

/** The engine between the world's Udesk and the harness's CRM, and what a test looks at from outside. */
function startDay(world: World, harness: Harness, crmIds: readonly string[]) {
  const [config] = loadConfig({ env: {}, readFile: () => world.configText, adapters: crmAdapters }).pairs;
  if (config === undefined) throw new Error('the world has no pair');
  const { side: crm, calls } = counted(harness.side);
  const sides = { udesk: world.pair.sides.udesk, crm };
  const spec = toPairSpec(config, { udesk: sides.udesk.manifest, crm: crm.manifest });
  expect(unsafeCombinations(spec, sides).filter(({ verdict }) => verdict === 'refused')).toEqual([]);
  const { tenant } = world.simulator;
  const byEmail = new Map(tenant.list().map((customer) => [customer.email, customer.id]));

  const cycle = (options: Partial<CycleOptions> = {}): Promise<CycleReport> =>
    runCycle(
      world.engine,
      { spec, sides },
      {
        trigger: 'sync',
        observe: { udesk: 'full', crm: 'full' },
        ...options,
      },
    );
  const writes = () => ({ udesk: world.simulator.counts().writes, crm: calls() });
  const live = async (): Promise<SideRecord[]> => (await readAll(harness.side.enumerate())).records;

  return {
    cycle,
    writes,
    udeskId: (n: number): string => byEmail.get(emailOf(n)) ?? '',
    /** All live records as they are read, and of some of them what differs after every write. */
    state: async () => {
      const records = (await live()).sort((a, b) => a.id.localeCompare(b.id));
      const stamps: string[] = [];
      for (const { id } of records.filter((_, at) => at % 40 === 0)) stamps.push(await harness.stamp(id));
      return { records, stamps };
    },

    /** Cycles until one has nothing to write; how many it took before that one. */
    async quiet(options: Partial<CycleOptions> = {}): Promise<number> {
      for (let round = 0; round < 12; round++) {
        const before = writes();
        const report = await cycle(round === 0 ? options : {});
        expect(report).toMatchObject({ outcome: 'done', parked: 0 });
        const { udesk, crm: inCrm } = writes();
        if (udesk === before.udesk && inCrm === before.crm && report.backfill?.more !== true) return round;
      }
      throw new Error('twelve cycles, and still something is written');
    },

    /** P6: every field is equal on both sides, except for the names of these people, which people must decide. */
    async expectEqual(undecided: readonly number[]): Promise<void> {
      const ids = new Set(undecided.map((n) => crmIds[n]));
      const emails = new Set(undecided.map(emailOf));
      const inCrm = (await live()).map((record) => seenInCrm(record, ids.has(record.id)));
      const inUdesk = tenant
        .list()
        .map((customer) => seenInUdesk(customer, emails.has(customer.email ?? '')));
      expect(inCrm.sort()).toEqual(inUdesk.sort());
    },

    async expectDeleted(
      policy: 'propagate' | 'flag',
      gone: { readonly udesk: readonly number[]; readonly crm: readonly number[] },
    ): Promise<void> {
      const inCrm = new Set((await live()).map(({ id }) => id));
      const inUdesk = new Set(tenant.list().map(({ email }) => email));
      const goes = policy === 'propagate';
      for (const n of gone.udesk) expect(inCrm.has(crmIds[n] ?? ''), `person ${n} in the CRM`).toBe(!goes);
      for (const n of gone.crm) expect(inUdesk.has(emailOf(n)), `person ${n} in Udesk`).toBe(!goes);
      for (const n of gone.udesk) expect(inUdesk.has(emailOf(n)), `person ${n} in Udesk`).toBe(false);
      for (const n of gone.crm) expect(inCrm.has(crmIds[n] ?? ''), `person ${n} in the CRM`).toBe(false);
    },
  };
}

/** The side as it is, with its writes counted. */
function counted(side: Side): { side: Side; calls: () => number } {
  let calls = 0;
  const proxy = new Proxy(side, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (key === 'create' || key === 'update' || key === 'delete') calls++;
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  return { side: proxy, calls: () => calls };
}

function seenInCrm({ fields }: SideRecord, undecided: boolean): string {
  const { name = null, note = null, emails = null, phones = null } = fields;
  return seen(undecided ? null : name, note, texts(emails), texts(phones));
}

function seenInUdesk(customer: CustomerView, undecided: boolean): string {
  const { nick_name, description, email, other_emails, cellphones } = customer;
  const emails = [...(email === null ? [] : [email]), ...other_emails.map(({ content }) => content)];
  return seen(
    undecided ? null : nick_name,
    description,
    emails,
    cellphones.map(({ content }) => content),
  );
}

function seen(name: Value, note: Value, emails: readonly string[], phones: readonly string[]): string {
  return JSON.stringify({
    emails: emails.map((value) => normalizeText('email', value, 'CN')).sort(),
    phones: phones.map((value) => normalizeText('phone', value, 'CN')).sort(),
    name,
    note: isBlank(note) ? null : note,
  });
}

function texts(value: Value): string[] {
  return isSet(value) ? value.map((element) => element.value) : [];
}

function range(from: number, to: number): number[] {
  const [first, end] = [Math.floor(from), Math.floor(to)];
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
}

const nameOf = (n: number): string => `Person ${n}`;
const emailOf = (n: number): string => `p${n}@example.com`;
const phoneOf = (n: number): string => `138${String(n).padStart(8, '0')}`;
