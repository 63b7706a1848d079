/** A world with conflicts that resemble each other, for tests of the rules that decide them. */
import { decideConflict } from '../../src/store/conflict-decisions.ts';
import { createWorld, ourRows, type World, type WorldOptions } from './world.ts';

/** Names that differ in their case alone, since the first match; `extra` ones come after them. */
export async function createSimilarWorld(
  people: number,
  options: WorldOptions & { readonly extra?: readonly string[] } = {},
): Promise<World> {
  const { extra = [], ...rest } = options;
  const names = [...Array.from({ length: people }, (_, n) => similarName(n)), ...extra];
  const world = await createWorld({
    customers: names.map((nick_name, n) => ({ nick_name, email: `p${n}@example.com` })),
    people: names.map((name, n) => ({ name: name.toUpperCase(), emails: [`p${n}@example.com`] })),
    ...rest,
  });
  await world.sync();
  return world;
}

export function similarName(n: number): string {
  return `Li Wei ${String.fromCharCode(97 + n)}`;
}

/** The oldest open ones, decided as a person does. */
export async function decideOldest(
  world: World,
  n: number,
  take: 'udesk' | 'crm',
  who = 'ann',
): Promise<string[]> {
  const open = (await world.conflicts()).filter(({ state }) => state === 'open').slice(0, n);
  for (const { id } of open) {
    await decideConflict(world.database.db, { conflictId: id, who, take, value: null, at: new Date() });
  }
  return open.map(({ id }) => id);
}

/** Somebody else who is matched for the first time, and whose conflict is of the same group. */
export async function newcomer(world: World, email: string, name = 'Zhao Min'): Promise<void> {
  world.simulator.tenant.create({ nick_name: name, email });
  await world.insert({ name: name.toUpperCase(), emails: [email] });
  await world.sync();
  await opened(world);
}

/** As if the open ones had been open for an hour: a rule does not wait for their histories any more. */
export async function opened(world: World): Promise<void> {
  await ourRows(
    world,
    `update udesk_sync.conflict set changed_at = changed_at - interval '1 hour' where state = 'open'`,
  );
}
