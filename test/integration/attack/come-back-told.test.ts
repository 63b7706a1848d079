/** Records that come back, or are forgotten: what is told of them afterwards, asked again, and held on to. */
import { afterEach, describe, expect, test } from 'vitest';
import { forget } from '../../../src/engine/forget.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { loadHistory } from '../../../src/store/history.ts';
import { confirmLink, rejectLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { rejectedPairs } from '../../../src/store/reviews.ts';
import { batchCalls, fill, fillCrm } from '../../support/backfill.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, ONE_OR_TWO, UNMARKED, withBin } from './bin.ts';
import { syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const {
  db,
  names,
  idOf,
  bin,
  outOfTheBin,
  createdAnew,
  somebodyElse,
  questions,
  overwrittenByTom,
  openOnes,
  bothGone,
  parted,
} = withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

const by = (linkId: unknown) => ({ linkId: String(linkId), who: 'li', at: new Date() });
const asked = async () => (await listLinks(db(), { state: 'candidate', limit: 10 }))[0];

describe('P12: explain and a question that was answered with no', () => {
  test('whom a deletion left is told by the link that ended, and not by the newcomer who is somebody else', async () => {
    await begin(UNMARKED);
    const id = customerId(world, 'Back');
    const old = await bin();
    await world.sync();
    await world.crm`insert into contact (name, emails) values ('Newcomer', array['back@example.com'])`;
    await world.sync();
    await somebodyElse();
    const history = await loadHistory(db(), 'main', 'udesk', id);
    expect(history?.link).toMatchObject({ state: 'broken', crmId: old });
    expect(history?.records.crm[0]?.id).toBe(old);
  });

  test('who is back, and was said to be somebody else, has no counterpart', async () => {
    await begin(UNMARKED);
    const old = await createdAnew({ email: 'new@example.com' });
    await world.crm`update bin set name = 'Else', emails = array['else@example.com']`;
    await outOfTheBin();
    await world.sync();
    expect((await rejectLink(db(), by((await asked())?.id))).outcome).toBe('rejected');
    const history = await loadHistory(db(), 'main', 'crm', old);
    expect(history?.alone).toBe('crm');
  });
});

describe('P12: a live link is not told to have ended', () => {
  test('taken up again by the engine', async () => {
    await begin(UNMARKED);
    await bin();
    await world.sync();
    await outOfTheBin();
    await world.sync();
    const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
    expect(links.map(({ decidedBy, reason }) => [decidedBy, reason])).toContainEqual(['restored', null]);
  });

  test('taken up again by a person', async () => {
    await begin(UNMARKED);
    const { linkId } = await parted();
    expect((await confirmLink(db(), by(linkId))).outcome).toBe('confirmed');
    const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
    expect(links.find(({ id }) => id === linkId)?.reason).toBe(null);
  });
});

test.each([
  { clock: 'goes on', lateMs: 0 },
  { clock: 'was set back since', lateMs: 3_600_000 },
])(
  'P5, P6: a no that was taken back on the old link does not keep the next question away, where our clock $clock',
  async ({ lateMs }) => {
    await begin(UNMARKED);
    await bin();
    await world.sync();
    const [flagged] = await listLinks(db(), { state: 'broken', limit: 10 });
    expect((await unlink(db(), by(flagged?.id))).outcome).toBe('unlinked');
    await world.sync();
    await outOfTheBin();
    await world.sync();
    expect((await rejectLink(db(), by((await asked())?.id))).outcome).toBe('rejected');
    const earlier = new Date(Date.now() - lateMs);
    expect((await confirmLink(db(), { ...by(flagged?.id), at: earlier })).outcome).toBe('confirmed');
    expect(await rejectedPairs(db(), 'main')).toEqual(new Set());
    await world.sync();
    await bin();
    await world.sync();
    expect((await unlink(db(), by(flagged?.id))).outcome).toBe('unlinked');
    await world.sync();
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(await questions()).toBe(1);
  },
);

describe('P2: an overwritten edit of whom we create anew in the CRM', () => {
  test('both gone at once, the customer back alone: asked about again', async () => {
    await begin(UNMARKED);
    await overwrittenByTom();
    const { pair, hidden } = await bothGone();
    hidden.clear();
    await syncPair(world, pair);
    await syncPair(world, pair);
    expect(await names()).toContain('Back');
    expect(await openOnes()).toContain('by Tom');
  });

  test('and by a batch in Udesk: asked about again, too', async () => {
    await begin(UNMARKED);
    await overwrittenByTom();
    // As a CRM that keeps histories tells of an edit on its own side.
    await ourRows(
      world,
      `update udesk_sync.conflict set overwritten = jsonb_set(overwritten, '{0,side}', '"crm"')`,
    );
    world.simulator.tenant.delete(customerId(world, 'Back'));
    await bin();
    await world.sync();
    expect(await openOnes()).toBe('[]');
    await outOfTheBin();
    await fillCrm(world, 150);
    await fill(world);
    expect(batchCalls(world)).toBeGreaterThan(0);
    const made = await ourRows(
      world,
      `select i.batch_id is null as alone from udesk_sync.intent i join udesk_sync.link l on l.pair = i.pair and l.id = i.link_id
       where i.op = 'create' and i.side = 'udesk' and i.state = 'settled' and l.crm_id = '${await idOf('Back')}'`,
    );
    expect(made).toEqual([{ alone: false }]);
    expect(await openOnes()).toContain('by Tom');
  });
});

test('P3: what a person decided right before a deletion is not asked again once the record is back', async () => {
  await begin(UNMARKED);
  await overwrittenByTom();
  const [row] = (await world.conflicts()).filter(({ state }) => state === 'open');
  const said = { conflictId: row?.id ?? '', who: 'li', take: 'value', value: 'by Tom' } as const;
  expect(await decideConflict(db(), { ...said, at: new Date() })).toBe(true);
  await bin();
  await world.sync();
  await world.sync();
  await outOfTheBin();
  await world.sync();
  await world.sync();
  expect(await openOnes()).toBe('[]');
  expect((await world.people()).find(({ name }) => name === 'Back')?.note).toBe('by Tom');
});

describe('forget, and who is somebody else', () => {
  test('P5: whom a person parted from them is not created anew', async () => {
    await begin(UNMARKED);
    const { crmId } = await parted();
    await world.crm`delete from contact where id = ${crmId}::bigint`;
    await world.sync();
    await world.sync();
    expect(await names()).toEqual(['Stays']);
    await forget(world.engine, { pair: 'main', side: 'crm', id: crmId, who: 'li', keepOut: false });
    await world.sync();
    await world.sync();
    expect(await names()).toEqual(['Stays']);
  });

  test('P2: whom a person parted from them goes on with whoever took their place, also after a deletion', async () => {
    await begin({ ...UNMARKED, pair: { deletes: 'unlink' } });
    const { crmId } = await parted();
    await world.crm`delete from contact where id = ${crmId}::bigint`;
    await world.sync();
    await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
    await world.sync();
    await forget(world.engine, { pair: 'main', side: 'crm', id: crmId, who: 'li', keepOut: false });
    await bin();
    await world.sync();
    await world.crm`update bin set emails = '{}', name = 'Else'`;
    await outOfTheBin();
    await world.sync();
    const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
    expect(links.map(({ decidedBy }) => decidedBy)).toContain('restored');
  });

  test('decision 0021: nothing names them in a question about several that was answered with no', async () => {
    await begin(ONE_OR_TWO);
    const two = await idOf('Two');
    const question = await asked();
    expect(question?.candidates?.crm).toContain(two);
    expect((await rejectLink(db(), by(question?.id))).outcome).toBe('rejected');
    await world.crm`delete from contact where name = 'Two'`;
    await world.sync();
    await world.sync();
    await forget(world.engine, { pair: 'main', side: 'crm', id: two, who: 'li', keepOut: false });
    const links = await ourRows(world, `select candidates, evidence, candidate_key from udesk_sync.link`);
    expect(links.length).toBe(1);
    expect(JSON.stringify(links)).not.toMatch(new RegExp(`"${two}\\\\*"`));
    expect((await rejectedPairs(db(), 'main')).size).toBe(1);
  });
});
