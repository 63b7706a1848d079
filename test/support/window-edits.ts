/**
 * Many runs of the one race that verify alone cannot win: an agent edits a customer between our look and our write.
 * Every edit carries a value of its own, so that it can be counted afterwards where each of them is (P2).
 */
import type { SideRecord } from '../../src/core/record.ts';
import type { Side } from '../../src/crm/adapter.ts';
import { runCycle } from '../../src/engine/cycle.ts';
import type { CustomerAttributes } from '../../src/simulator/customer.ts';
import { type Random, seededRandom } from '../../src/simulator/random.ts';
import { listConflicts } from '../../src/store/conflicts.ts';
import { countWitnesses } from '../../src/store/witnesses.ts';
import { createWorld, type World } from './world.ts';

export interface WindowRuns {
  readonly links: number;
  readonly rounds: number;
  readonly seed: number;
  readonly switches?: Readonly<Record<string, string>>;
  readonly onRound?: (round: number, counts: WindowCounts) => void;
}

export interface WindowCounts {
  /** Edits of agents that fell into the window. */
  injected: number;
  /** Of those: on both sides at the end of their round. */
  merged: number;
  /** Of those: kept in a conflict row. */
  kept: number;
  readonly vanished: string[];
}

const FIELDS = ['nick_name', 'description', 'industry', 'emails', 'phones'] as const;
type Field = (typeof FIELDS)[number];

const PAIR = {
  fields: `[
      { udesk: nick_name, crm: name },
      { udesk: description, crm: note },
      { udesk: custom.TextField_2, crm: industry, policy: crm },
      { udesk: emails, crm: emails },
      { udesk: cellphones, crm: phones }
    ]`,
  guards: '{ updates: { share: 1 } }',
};

export async function runWindowEdits(runs: WindowRuns): Promise<WindowCounts> {
  const random = seededRandom(runs.seed);
  const world = await createWorld({
    customers: Array.from({ length: runs.links }, (_, n) => ({
      nick_name: `name ${n}`,
      email: `first${n}@example.com`,
      other_emails: [`second${n}@example.com`],
      description: `note ${n}`,
      cellphones: [phone(n)],
    })),
    pair: PAIR,
    switches: runs.switches ?? {},
  });
  const counts: WindowCounts = { injected: 0, merged: 0, kept: 0, vanished: [] };
  try {
    await world.sync();
    for (let round = 1; round <= runs.rounds; round += 1) {
      await oneRound(world, random, round, counts);
      runs.onRound?.(round, counts);
    }
  } finally {
    await world.close();
  }
  return counts;
}

interface Injected {
  readonly udeskId: string;
  readonly value: string;
}

async function oneRound(world: World, random: Random, round: number, counts: WindowCounts): Promise<void> {
  const people = await world.people();
  const fieldOf = new Map<string, Field>();
  for (const person of people) {
    const field = random.pick(FIELDS);
    fieldOf.set(person.udesk_id ?? '', field);
    await editInCrm(world, person.id, field, `c${round}x${person.id}`, Number(person.id) * 1000 + round);
  }
  const injected: Injected[] = [];
  const udesk = new Proxy(world.pair.sides.udesk, {
    get(target, key) {
      if (key !== 'update') return Reflect.get(target, key) as unknown;
      const update: Side['update'] = async (request, options) => {
        const field = fieldOf.get(request.id);
        fieldOf.delete(request.id);
        if (field !== undefined) injected.push(agentEdits(world, random, request.current, field, round));
        return await target.update(request, options);
      };
      return update;
    },
  });
  const pair = { ...world.pair, sides: { ...world.pair.sides, udesk } };
  const cycle = (which: typeof pair) =>
    runCycle(world.engine, which, { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } });
  await cycle(pair);
  // A pass that takes long leaves the rest to a later cycle; the history keeps the evidence.
  for (let tries = 0; (await countWitnesses(world.database.db, 'main')).due > 0 && tries < 100; tries += 1) {
    await world.sync({ observe: { udesk: 'none', crm: 'none' } });
  }
  await cycle(world.pair);
  counts.injected += injected.length;
  await account(world, injected, counts);
}

async function editInCrm(world: World, id: string, field: Field, value: string, n: number): Promise<void> {
  const { crm } = world;
  if (field === 'nick_name') await crm`update contact set name = ${value} where id = ${id}`;
  else if (field === 'description') await crm`update contact set note = ${value} where id = ${id}`;
  else if (field === 'industry') await crm`update contact set industry = ${value} where id = ${id}`;
  else if (field === 'emails')
    await crm`update contact set emails = emails[1:3] || ${`${value}@example.com`}::text where id = ${id}`;
  else await crm`update contact set phones = phones[1:2] || ${phone(n)}::text where id = ${id}`;
}

/** Mostly the very field that is being written, sometimes another. */
function agentEdits(
  world: World,
  random: Random,
  current: SideRecord,
  written: Field,
  round: number,
): Injected {
  const field = random.next() < 0.9 ? written : random.pick(FIELDS);
  const { tenant } = world.simulator;
  const before = tenant.get(current.id);
  const text = `u${round}x${current.id}`;
  const contents = (items: readonly { content: string }[] | undefined) =>
    (items ?? []).map(({ content }) => content);
  const number = phone(500_000_000 + round * 1_000_000 + (Number(current.id) % 1_000_000));
  const edits: Record<Field, [CustomerAttributes, string]> = {
    nick_name: [{ nick_name: text }, text],
    description: [{ description: text }, text],
    industry: [{ custom_fields: { TextField_2: text } }, text],
    emails: [
      { other_emails: [...contents(before?.other_emails), `${text}@example.com`] },
      `${text}@example.com`,
    ],
    phones: [{ cellphones: [...contents(before?.cellphones), number] }, number],
  };
  const [changes, value] = edits[field];
  tenant.edit(current.id, changes);
  return { udeskId: current.id, value };
}

async function account(world: World, injected: readonly Injected[], counts: WindowCounts): Promise<void> {
  const people = new Map((await world.people()).map((person) => [person.udesk_id ?? '', person]));
  const kept = JSON.stringify((await everyConflict(world)).map(({ overwritten }) => overwritten));
  for (const { udeskId, value } of injected) {
    const onUdesk = JSON.stringify(world.simulator.tenant.get(udeskId)).includes(`"${value}"`);
    const inCrm = JSON.stringify(people.get(udeskId)).includes(`"${value}"`);
    if (onUdesk && inCrm) counts.merged += 1;
    else if (kept.includes(`"${value}"`)) counts.kept += 1;
    else counts.vanished.push(`${udeskId} ${value}`);
  }
}

async function everyConflict(world: World) {
  return await listConflicts(world.database.db, {
    limit: 1_000_000,
    states: ['open', 'resolving', 'resolved', 'converged'],
  });
}

/** A mobile number of China of its own. */
function phone(n: number): string {
  return `13${String(n % 1_000_000_000).padStart(9, '0')}`;
}
