import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createDirectoryBook } from '../../../src/cli/directory-book.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { SyncError } from '../../../src/errors.ts';
import type { DirectoryEntry } from '../../../src/udesk/directory.ts';
import type { PageQuery } from '../../../src/udesk/directory-client.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const HOUR = 3_600_000;
const company = (id: number): DirectoryEntry => ({
  kind: 'organization',
  id: String(id),
  name: `Company ${id}`,
  email: null,
  data: {},
});

/** A directory of organizations that can be changed, slow and broken. */
async function start(size: number) {
  world = await createWorld({ pair: { fields: '[{ udesk: nick_name, crm: name }]' } });
  const text = world.configText.replace('nick_name, crm: name', 'organization, crm: note');
  const [pair] = loadConfig({ env: {}, readFile: () => text, adapters: crmAdapters }).pairs;
  if (pair === undefined) throw new Error('no pair');
  const state = {
    now: Date.UTC(2025, 0, 1),
    companies: Array.from({ length: size }, (_, n) => company(n + 1)),
    pages: [] as PageQuery[],
    points: [] as string[],
    broken: false,
  };
  const lines: string[] = [];
  const unused = async (): Promise<never> => {
    throw new Error('not mapped');
  };
  const make = () =>
    createDirectoryBook({
      pair,
      lists: {
        agents: unused,
        userGroups: unused,
        async organizations(query) {
          state.pages.push(query);
          if (state.broken) throw new SyncError('transient', 'down');
          const from = (query.page - 1) * query.pageSize;
          const items = state.companies.slice(from, from + query.pageSize);
          const totalPages = Math.ceil(state.companies.length / query.pageSize);
          return { items, dropped: [], total: state.companies.length, totalPages };
        },
      },
      points: {
        getAgent: unused,
        async getOrganization(_type, id) {
          state.points.push(id);
          return state.companies.find((one) => one.id === id) ?? null;
        },
      },
      db: world.database.db,
      log: pino({ level: 'warn' }, { write: (line: string) => lines.push(line) }),
      clock: () => state.now,
    });
  return { state, lines, make };
}

test('a large directory is read in pages, and once an hour at most', async () => {
  const { state, make } = await start(250);
  const book = make();
  expect((await book.current()).organization?.entry('250')?.word).toBe('Company 250');
  expect(state.pages).toEqual([1, 2, 3].map((page) => ({ page, pageSize: 100 })));
  await book.current();
  state.now += HOUR - 1;
  await book.current();
  expect(state.pages).toHaveLength(3);
  // Another process soon after knows it from the database.
  await make().current();
  expect(state.pages).toHaveLength(3);
});

test('what Udesk does not list any more is gone after a whole reading only, and its name stays', async () => {
  const { state, make } = await start(120);
  await make().current();
  state.companies = state.companies.slice(0, 1);
  state.now += HOUR;
  const book = (await make().current()).organization;
  expect(book?.entry('120')).toMatchObject({ word: 'Company 120', gone: true });
  expect(book?.find('Company 1')).toMatchObject({ gone: false });
});

test('a directory that cannot be read is told, and the names of before are used', async () => {
  const { state, lines, make } = await start(1);
  await make().current();
  state.broken = true;
  state.now += HOUR;
  expect((await make().current()).organization?.entry('1')?.word).toBe('Company 1');
  expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(['transient']);
});

test('without a directory nothing goes on: every name would look unknown', async () => {
  const { state, make } = await start(1);
  state.broken = true;
  const book = make();
  await expect(book.current()).rejects.toThrow('down');
  await expect(book.current()).rejects.toThrow('down');
  expect(state.pages).toHaveLength(1);
  state.broken = false;
  state.now += 60_000;
  expect((await book.current()).organization?.entry('1')?.word).toBe('Company 1');
});

test('unknown ids are asked for one by one, at most 20 a minute, and not again within the hour', async () => {
  const { state, make } = await start(1);
  const book = make();
  await book.current();
  state.companies = [...state.companies, company(500)];
  await book.learn('organization', ['500', '501']);
  expect((await book.current()).organization?.entry('500')?.word).toBe('Company 500');
  await book.learn('organization', ['501']);
  expect(state.points).toEqual(['500', '501']);
  await book.learn(
    'organization',
    Array.from({ length: 50 }, (_, n) => String(1000 + n)),
  );
  expect(state.points).toHaveLength(20);
});

test('two pairs of processes: a name that was accepted elsewhere travels within a minute', async () => {
  const { state, make } = await start(1);
  const book = make();
  await book.current();
  await ourRows(world, `update udesk_sync.directory set word = 'Accepted'`);
  state.now += 60_000;
  expect((await book.current()).organization?.entry('1')?.word).toBe('Accepted');
});
