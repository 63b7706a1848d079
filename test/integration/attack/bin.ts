/** People who are deleted in the CRM, and taken out of its bin. */
import { expect } from 'vitest';
import type { Page, Side } from '../../../src/crm/adapter.ts';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { confirmLink, rejectLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { createWorld, customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { rightBefore, syncAt, syncPair } from './moments.ts';

/** A CRM that keeps no id of ours. */
export const UNMARKED: WorldOptions = { crm: ['table: contact', 'updatedAt: updated_at'] };

/** Two in the CRM who may both be Back, and nobody is created: a person is asked who it is. */
export const ONE_OR_TWO: WorldOptions = {
  ...UNMARKED,
  pair: { create: '{ inUdesk: false, inCrm: false }' },
  people: [
    { name: 'One', emails: ['back@example.com', 'one@example.com'] },
    { name: 'Two', emails: ['back@example.com', 'two@example.com'] },
  ],
};

/** A synchronised world of two customers, Stays and Back. */
export async function beginWorld(options: WorldOptions = {}): Promise<World> {
  const world = await createWorld({
    customers: ['Stays', 'Back'].map((name) => ({
      nick_name: name,
      email: `${name.toLowerCase()}@example.com`,
    })),
    ...options,
  });
  await world.sync();
  return world;
}

/** What the tests do with the world of now, and ask of it. */
export function withBin(now: () => World) {
  const db = () => now().database.db;
  const customers = () =>
    now()
      .simulator.tenant.list()
      .map(({ nick_name }) => nick_name)
      .toSorted();
  const names = async () => (await now().people()).map(({ name }) => name).toSorted();

  async function idOf(name: string): Promise<string> {
    return (await now().people()).find((one) => one.name === name)?.id ?? '';
  }

  async function bin(name = 'Back'): Promise<string> {
    const { crm } = now();
    const id = await idOf(name);
    await crm`create table if not exists bin as select * from contact where false`;
    await crm`insert into bin select * from contact where name = ${name}`;
    await crm`delete from contact where name = ${name}`;
    return id;
  }

  /** Without the marker: the CRM keeps it unique, and somebody else may have it by now. */
  async function outOfTheBin(marker: 'with marker' | 'without marker' = 'without marker') {
    const { crm } = now();
    if (marker === 'without marker') await crm`update bin set udesk_id = null`;
    await crm`update bin set updated_at = clock_timestamp()`;
    await crm`insert into contact overriding system value select * from bin`;
    await crm`delete from bin`;
  }

  /** Back is deleted in the CRM, was edited in Udesk, and is created anew at the word of a person. @returns the id in the bin */
  async function createdAnew(edit: object = { description: 'Called back' }): Promise<string> {
    const id = await bin();
    now().simulator.tenant.edit(customerId(now(), 'Back'), edit);
    await now().sync();
    await takes('udesk');
    await now().sync();
    expect(await names()).toEqual(['Back', 'Stays']);
    return id;
  }

  /** A person says that the one who is back is somebody else: they are created on their own. */
  async function somebodyElse() {
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    const decision = { linkId: asked?.id ?? '', who: 'li', at: new Date() };
    expect((await rejectLink(db(), decision)).outcome).toBe('rejected');
    await now().sync();
  }

  /** How many questions a person finds that could be about it. */
  async function questions(): Promise<number> {
    const parked = await ourRows(now(), `select id from udesk_sync.parked where state = 'parked'`);
    const open = (await now().conflicts()).filter(({ state }) => state === 'open');
    return parked.length + open.length + (await listLinks(db(), { state: 'candidate', limit: 10 })).length;
  }

  /** Udesk that says of these customers that they are not there, until they are shown again. */
  function hiding(hidden: ReadonlySet<string>): PairRuntime {
    const { spec, sides } = now().pair;
    const { udesk } = sides;
    const without = (page: Page): Page => ({
      ...page,
      records: page.records.filter(({ id }) => !hidden.has(id)),
    });
    const side = new Proxy(udesk, {
      get(target, key) {
        const member = Reflect.get(target, key) as unknown;
        if (typeof member !== 'function') return member;
        if (key === 'enumerate')
          return async function* (...args: Parameters<Side['enumerate']>) {
            for await (const page of target.enumerate(...args)) yield without(page);
          };
        if (key === 'read')
          return async (...args: Parameters<Side['read']>) =>
            hidden.has(args[0]) ? null : await target.read(...args);
        if (key === 'lookup')
          return async (...args: Parameters<Side['lookup']>) =>
            (await target.lookup(...args)).filter(({ id }) => !hidden.has(id));
        return (...args: unknown[]) => Reflect.apply(member, target, args) as unknown;
      },
    });
    return { spec, sides: { ...sides, udesk: side } };
  }

  /** Both records of Back are gone at the next look, the customer as long as it is hidden. */
  async function bothGone(): Promise<{ pair: PairRuntime; hidden: Set<string> }> {
    const hidden = new Set([customerId(now(), 'Back')]);
    const pair = hiding(hidden);
    await bin();
    await syncPair(now(), pair);
    await syncPair(now(), pair);
    return { pair, hidden };
  }

  /** A person ends the link of Back. */
  async function parted(): Promise<{ id: string; crmId: string; linkId: string }> {
    const those = await partedUnseen();
    await now().sync();
    return those;
  }

  /** The same, and no cycle follows: no history is looked at. */
  async function partedUnseen(): Promise<{ id: string; crmId: string; linkId: string }> {
    const id = customerId(now(), 'Back');
    const crmId = await idOf('Back');
    const [link] = await ourRows(
      now(),
      `select id from udesk_sync.link where state = 'confirmed' and udesk_id = '${id}'`,
    );
    const linkId = String(link?.id);
    expect((await unlink(db(), { linkId, who: 'li', at: new Date() })).outcome).toBe('unlinked');
    return { id, crmId, linkId };
  }

  /** Tom edits in Udesk what a write of ours replaces unseen. */
  const byTom = () =>
    rightBefore('udesk', 'update', () =>
      now().simulator.tenant.edit(customerId(now(), 'Back'), { description: 'by Tom' }),
    );

  /** That edit is found, and asked about. */
  async function overwrittenByTom() {
    await now().crm`update contact set note = 'by the CRM' where name = 'Back'`;
    await syncAt(now(), [byTom()]);
    expect((await now().conflicts()).map(({ kind, state }) => [kind, state])).toEqual([
      ['overwritten-in-window', 'open'],
    ]);
  }

  /** That edit is found once Back is gone in the CRM. @returns its row */
  async function foundWhileGone() {
    const away = {
      side: 'udesk',
      call: 'history',
      when: 'before',
      act: () => {
        throw new SyncError('transient', 'the history does not answer');
      },
    } as const;
    await now().crm`update contact set note = 'one' where name = 'Back'`;
    await syncAt(now(), [byTom(), away]);
    await bin();
    await syncAt(now(), [away]);
    await now().sync();
    const [row] = await now().conflicts();
    expect(row).toMatchObject({ state: 'open', kind: 'overwritten-in-window' });
    return row;
  }

  /** Parted by a person, and said to be one again in another question. */
  async function partedAndOneAgain(): Promise<{ id: string; crmId: string }> {
    const { id, crmId } = await parted();
    await now().crm`insert into contact (name, emails) values ('Also', array['back@example.com'])`;
    await now().sync();
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    const yes = { linkId: asked?.id ?? '', who: 'li', at: new Date(), udeskId: id, crmId };
    expect((await confirmLink(db(), yes)).outcome).toBe('confirmed');
    await now().crm`delete from contact where name = 'Also'`;
    await now().sync();
    await now().sync();
    return { id, crmId };
  }

  /** The customer gets Tom's edit back: a person chooses it in the open row that shows it, and that is carried out. */
  async function keepsTomsWord(id: string): Promise<void> {
    const [row] = (await now().conflicts()).filter(
      (one) => one.state === 'open' && JSON.stringify(one).includes('by Tom'),
    );
    const choice = { conflictId: row?.id ?? '', who: 'li', take: 'value', value: 'by Tom' } as const;
    expect(await decideConflict(db(), { ...choice, at: new Date() })).toBe(true);
    for (let n = 0; n < 3; n += 1) await now().sync();
    const states = (await now().conflicts()).map(({ state }) => state);
    expect([states.includes('resolving'), now().simulator.tenant.get(id)?.description]).toEqual([
      false,
      'by Tom',
    ]);
  }

  /** After `bin` and, perhaps, an edit in Udesk: before anybody answers, somebody enters Back anew. @returns the question who that is */
  async function enteredAnew(): Promise<string> {
    await now().sync();
    await now().sync();
    await now().crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
    await now().sync();
    await now().sync();
    const [question] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect(question?.candidates).toEqual({ udesk: [customerId(now(), 'Back')], crm: [await idOf('Back')] });
    return question?.id ?? '';
  }

  /** A person says which side is right about a deletion against an edit. */
  async function takes(take: 'udesk' | 'crm'): Promise<void> {
    const [row] = (await now().conflicts()).filter(({ state, field }) => state === 'open' && field === '*');
    const said = { conflictId: row?.id ?? '', who: 'li', take, value: null } as const;
    expect(await decideConflict(db(), { ...said, at: new Date() })).toBe(true);
  }

  /** What a person still has to answer about fields, as text. */
  const openOnes = async () =>
    JSON.stringify((await now().conflicts()).filter(({ state }) => state === 'open'));

  return {
    ...{ db, customers, names, idOf, bin, outOfTheBin, takes, createdAnew, somebodyElse, questions },
    ...{ hiding, overwrittenByTom, foundWhileGone, openOnes, bothGone, parted, partedAndOneAgain },
    ...{ partedUnseen, keepsTomsWord, enteredAnew },
  };
}
