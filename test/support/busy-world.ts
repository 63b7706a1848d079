/** A world with one of everything that a person may be asked about: conflicts, questions, a refused write, a held plan. */
import { createWorld, customerId, ourRows, type World } from './world.ts';

const PLAIN = ['C0', 'C1', 'C2', 'C3'];

export async function createBusyWorld(): Promise<World> {
  const world = await createWorld({
    customers: [...['U1', 'U2', 'U3', ...PLAIN, 'Good', 'twin', 'pair']].map((name) => ({
      nick_name: name,
      email: `${name}@example.com`,
    })),
    people: [
      ...['U1', 'U2', 'U3'].map((name) => ({ name: `${name} of the CRM`, emails: [`${name}@example.com`] })),
      ...['twin', 'twin', 'pair', 'pair'].map((name, n) => ({
        name: `Lily ${n}`,
        emails: [`${name}@example.com`],
      })),
    ],
    pair: { deletes: 'propagate', guards: '{ deletes: { max: 1, share: 0.9 } }' },
  });
  await world.sync();
  await world.crm.unsafe(`alter table contact add constraint no_bad check (name <> 'Bad')`);
  world.simulator.tenant.edit(customerId(world, 'Good'), { nick_name: 'Bad' });
  world.simulator.tenant.happened(customerId(world, 'U1'), 'Ticket', { subject: 'a broken kettle' });
  await world.crm`delete from contact where name in ('C0', 'C1', 'C2')`;
  await world.sync({ readFeeds: true });
  return world;
}

/** What waits, by id. */
export function waitingIn(world: World) {
  const one = async (query: string) => String((await ourRows(world, query))[0]?.id);
  return {
    question: () => one(`select id from udesk_sync.link where state = 'candidate' order by id`),
    link: () => one(`select id from udesk_sync.link where state = 'confirmed' order by id`),
    parked: () => one(`select id from udesk_sync.parked where state = 'parked'`),
    held: () => one(`select hash as id from udesk_sync.guard where state in ('waiting', 'rejected')`),
    async conflict(n: number) {
      const row = (await world.conflicts())[n];
      return { id: row?.id ?? '', seen: row?.changedAt ?? '' };
    },
  };
}
