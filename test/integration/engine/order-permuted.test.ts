/** Several lanes write at a time, and nothing says in which order the sides take and answer what they are sent. */
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SideName } from '../../../src/core/record.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const NAMES = ['N0', 'N1', 'N2'] as const;
const PHONES = ['13800000001', '13800000002', '13800000003', '13800000004'] as const;
const MAILS = ['one@example.com', 'two@example.com'] as const;

let world: World;
beforeAll(async () => {
  world = await createWorld({
    customers: NAMES.map((nick_name) => ({ nick_name, email: `${nick_name.toLowerCase()}@example.com` })),
    crm: [
      'table: contact',
      'externalId: udesk_id',
      'updatedAt: updated_at',
      'emails: { table: contact_mail, foreignKey: contact_id, value: address }',
      'phones: { table: contact_phone, foreignKey: contact_id, value: number }',
    ],
    // The CRM keeps them unique, too.
    crmSql: ['contact_mail (address', 'contact_phone (number']
      .map(
        (table) =>
          `create table ${table} text not null unique, id bigint generated always as identity primary key, contact_id bigint not null references contact on delete cascade);`,
      )
      .join('\n'),
  });
  await world.sync();
});
afterAll(async () => {
  await world.close();
});

/** Each call of both sides is held for as long as was drawn, before it is made and before its answer is heard. */
function held(delays: () => number, refused: () => void): PairRuntime {
  const wrap = (side: Side): Side =>
    new Proxy(side, {
      get(target, key) {
        const member = Reflect.get(target, key) as unknown;
        if (typeof member !== 'function' || !['read', 'update'].includes(String(key))) return member;
        return async (...args: unknown[]) => {
          await wait(delays());
          try {
            return await Reflect.apply(member, target, args);
          } catch (error) {
            refused();
            throw error;
          } finally {
            await wait(delays());
          }
        };
      },
    });
  const { spec, sides } = world.pair;
  return { spec, sides: { udesk: wrap(sides.udesk), crm: wrap(sides.crm) } };
}

/** Who has which of these values. */
type Shares = Readonly<Record<(typeof NAMES)[number], { phones: string[]; mails: string[] }>>;

const shares: fc.Arbitrary<Shares> = fc
  .tuple(...[...PHONES, ...MAILS].map(() => fc.constantFrom(...NAMES, null)))
  .map((owners) => {
    const of = (name: string, values: readonly string[], from: number) =>
      values.filter((_, n) => owners[from + n] === name);
    return Object.fromEntries(
      NAMES.map((name) => [name, { phones: of(name, PHONES, 0), mails: of(name, MAILS, PHONES.length) }]),
    ) as Shares;
  });

/** Whether somebody gets a value from whoever, by one or more steps, gets one from them: some order has to be found out then. */
function isCircular(before: Shares, after: Shares): boolean {
  const from = (name: (typeof NAMES)[number]) =>
    NAMES.filter((other) =>
      (['phones', 'mails'] as const).some((kind) =>
        after[name][kind].some((value) => other !== name && before[other][kind].includes(value)),
      ),
    );
  return NAMES.some((name) =>
    from(name).some((one) => from(one).some((two) => two === name || from(two).includes(name))),
  );
}

const sorted = (values: readonly string[]) => values.toSorted();
const ownMail = (name: string) => `${name.toLowerCase()}@example.com`;

async function handOut(side: SideName, given: Shares): Promise<void> {
  if (side === 'crm') {
    await world.crm.begin(async (sql) => {
      await sql`delete from contact_phone`;
      await sql`delete from contact_mail`;
      for (const name of NAMES) {
        const { phones, mails } = given[name];
        await sql`insert into contact_phone (contact_id, number) select id, unnest(${phones}::text[]) from contact where name = ${name}`;
        await sql`insert into contact_mail (contact_id, address) select id, unnest(${[ownMail(name), ...mails]}::text[]) from contact where name = ${name}`;
      }
    });
    return;
  }
  const idOf = (name: string) =>
    world.simulator.tenant.list().find(({ nick_name }) => nick_name === name)?.id ?? '';
  // Udesk itself takes nothing from anybody who still has it.
  for (const name of NAMES) world.simulator.tenant.edit(idOf(name), { cellphones: [], other_emails: [] });
  for (const name of NAMES)
    world.simulator.tenant.edit(idOf(name), {
      cellphones: given[name].phones,
      other_emails: given[name].mails,
    });
}

async function heldBy(side: SideName): Promise<Shares> {
  const found =
    side === 'udesk'
      ? world.simulator.tenant.list().map(({ nick_name, cellphones, other_emails, email }) => ({
          name: nick_name,
          phones: cellphones.map(({ content }) => content),
          mails: [email, ...other_emails.map(({ content }) => content)],
        }))
      : await world.crm`select name,
          array(select number from contact_phone where contact_id = c.id) as phones,
          array(select address from contact_mail where contact_id = c.id) as mails from contact c`;
  return Object.fromEntries(
    found.map(({ name, phones, mails }) => [
      name,
      { phones: sorted(phones), mails: sorted(mails.filter((mail: string) => mail !== ownMail(name))) },
    ]),
  ) as Shares;
}

test('P6: phones and e-mails change hands among three customers, in whatever order the lanes are answered: both sides end equal, and nothing is parked', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<SideName>('udesk', 'crm'),
      shares,
      fc.array(fc.constantFrom(0, 0, 40, 120), { minLength: 32, maxLength: 32 }),
      async (edited, given, delays) => {
        const before = await heldBy(edited);
        await handOut(edited, given);
        let calls = 0;
        let refusals = 0;
        const pair = held(
          () => delays[calls++ % delays.length] ?? 0,
          () => {
            refusals += 1;
          },
        );
        const observe = { udesk: 'full', crm: 'full' } as const;
        await runCycle({ ...world.engine, width: 4 }, pair, { trigger: 'sync', observe });
        // Values are compared without their order: sides keep one of their own.
        const expected = Object.fromEntries(
          NAMES.map((name) => [
            name,
            { phones: sorted(given[name].phones), mails: sorted(given[name].mails) },
          ]),
        );
        expect(await heldBy('udesk')).toEqual(expected);
        expect(await heldBy('crm')).toEqual(expected);
        expect(await ourRows(world, `select 1 from udesk_sync.parked where state = 'parked'`)).toEqual([]);
        expect(await world.conflicts()).toEqual([]);
        if (!isCircular(before, given)) expect(refusals).toBe(0);
      },
    ),
    // What one run leaves is where the next one begins: a shorter example would be another one.
    { numRuns: 10, seed: 1, endOnFailure: true },
  );
});
