import { afterEach, describe, expect, test } from 'vitest';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { loadLinksToPlan } from '../../../src/engine/load-links.ts';
import { persistPlans } from '../../../src/engine/persist-plan.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { insertIntents } from '../../../src/store/intents.ts';
import { acquireLease, releaseLease } from '../../../src/store/lease.ts';
import { confirmLink, rejectLink, unlink } from '../../../src/store/link-decisions.ts';
import { countLinks, type LinkRow, listLinks, loadLink, setLinksDirty } from '../../../src/store/links.ts';
import { parkedWrites } from '../../../src/store/parked-pages.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const at = new Date();

/** One customer, and two people of the CRM who share the e-mail with them: nobody can tell who is meant. */
async function ambiguous(pair: Record<string, string> = {}): Promise<LinkRow> {
  world = await createWorld({
    pair,
    customers: [{ nick_name: 'Wang', email: 'w@example.com' }],
    people: [
      { name: 'Wang', emails: ['w@example.com'] },
      { name: 'Wang Wei', emails: ['w@example.com'] },
    ],
  });
  await world.sync();
  const [question] = await listLinks(world.database.db, { state: 'candidate', limit: 10 });
  if (question === undefined) throw new Error('nothing to review');
  return question;
}

/** One confirmed link with a conflict about the name. */
async function linked(): Promise<LinkRow> {
  world = await createWorld({
    customers: [{ nick_name: 'U', email: 'a@example.com' }],
    people: [{ name: 'C', emails: ['a@example.com'] }],
  });
  await world.sync();
  const [link] = await listLinks(world.database.db, { state: 'confirmed', limit: 10 });
  if (link === undefined) throw new Error('nothing is linked');
  return link;
}

/** Lets all of them begin before any can go on: a cycle's open transaction stands in their way until then. */
async function atOnce(decisions: readonly (() => Promise<{ outcome: string }>)[]): Promise<string[]> {
  const waiting = async () => {
    const [row] = await world.database.sql`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return Number(row?.n);
  };
  let answers: Promise<{ outcome: string }>[] = [];
  await world.database.sql.begin(async (cycle) => {
    await cycle`select 1 from udesk_sync.lease for share`;
    answers = decisions.map((decide) => decide());
    while ((await waiting()) < decisions.length) await new Promise((resolve) => setImmediate(resolve));
  });
  return (await Promise.all(answers)).map(({ outcome }) => outcome);
}

describe('a review of who is meant', () => {
  test('is not answered by a bare yes while several might be meant', async () => {
    const question = await ambiguous();
    expect(question.candidates?.crm).toHaveLength(2);
    const answer = await confirmLink(world.database.db, { linkId: question.id, who: 'li', at });
    expect(answer.outcome).toBe('choose');
    expect((await loadLink(world.database.db, question.id))?.state).toBe('candidate');
  });

  test('becomes the confirmed link of the two that were chosen, keeps its evidence, and their fields flow', async () => {
    const question = await ambiguous();
    const crmId = question.candidates?.crm[1] ?? '';
    const { db } = world.database;
    expect(await confirmLink(db, { linkId: question.id, who: 'li', at, crmId })).toMatchObject({
      outcome: 'confirmed',
      crmId,
    });
    const link = await loadLink(db, question.id);
    expect(link).toMatchObject({ state: 'confirmed', crmId, decidedBy: 'person:li', candidates: null });
    expect(link?.evidence).toEqual([
      ...question.evidence,
      expect.objectContaining({ kind: 'decision', take: 'confirm', by: 'li', among: question.candidates }),
    ]);
    await world.sync();
    expect(await world.conflicts()).toMatchObject([
      { field: 'nick_name', kind: 'first-link', udesk: 'Wang', crm: 'Wang Wei' },
    ]);
    expect((await countLinks(db, 'main')).confirmed).toBe(1);
  });

  test('is answered by one of two reviewers who decide at once; the other is told', async () => {
    const question = await ambiguous();
    const outcomes = await atOnce(
      (question.candidates?.crm ?? []).map(
        (crmId, n) => () =>
          confirmLink(world.database.db, { linkId: question.id, who: `reviewer ${n}`, at, crmId }),
      ),
    );
    expect(outcomes.sort()).toEqual(['confirmed', 'wrong-state']);
    expect((await countLinks(world.database.db, 'main')).confirmed).toBe(1);
  });

  test('is refused, with the link in the way, when somebody is linked already', async () => {
    const question = await ambiguous();
    const { db } = world.database;
    const [first, second] = question.candidates?.crm ?? [];
    await ourRows(
      world,
      `insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, decided_by, created_at, changed_at)
       select pair, udesk_id, '${second}', 'candidate', '[]', 'match', now(), now() from udesk_sync.link where id = ${question.id}`,
    );
    const twin = (await listLinks(db, { state: 'candidate', limit: 10 })).at(-1);
    await confirmLink(db, { linkId: question.id, who: 'li', at, crmId: first });
    expect(await confirmLink(db, { linkId: twin?.id ?? '', who: 'li', at })).toMatchObject({
      outcome: 'linked',
      side: 'udesk',
      by: { id: question.id },
    });
  });

  test('is not asked again once it was answered with no, and can still be answered with yes', async () => {
    const question = await ambiguous({ create: '{ inCrm: false, inUdesk: false }' });
    const { db } = world.database;
    const answers = await atOnce(
      [1, 2].map(() => () => rejectLink(db, { linkId: question.id, who: 'li', at })),
    );
    expect(answers.sort()).toEqual(['rejected', 'wrong-state']);
    await world.sync();
    await world.sync();
    expect(await listLinks(db, { state: 'candidate', limit: 10 })).toEqual([]);
    expect(await loadLink(db, question.id)).toMatchObject({ state: 'rejected', decidedBy: 'person:li' });
    const crmId = question.candidates?.crm[0];
    expect(await confirmLink(db, { linkId: question.id, who: 'li', at, crmId })).toMatchObject({
      outcome: 'confirmed',
    });
  });

  test('that was answered with no is not asked again either about who was created because of it', async () => {
    const question = await ambiguous();
    await rejectLink(world.database.db, { linkId: question.id, who: 'li', at });
    await world.sync();
    await world.sync();
    expect(await world.people()).toHaveLength(3);
    expect(world.simulator.tenant.list()).toHaveLength(1);
    expect(await listLinks(world.database.db, { state: 'candidate', limit: 10 })).toEqual([]);
    const parked = await parkedWrites(world.database.db, { pair: 'main', afterId: '0', limit: 10 });
    expect(parked.map(({ side, kind }) => `${side} ${kind}`)).toEqual(['udesk rejected', 'udesk rejected']);
  });

  test('about a record that is gone is refused', async () => {
    const question = await ambiguous();
    const crmId = question.candidates?.crm[0] ?? '';
    await ourRows(
      world,
      `update udesk_sync.record set state = 'deleted' where side = 'crm' and remote_id = '${crmId}'`,
    );
    expect(await confirmLink(world.database.db, { linkId: question.id, who: 'li', at, crmId })).toEqual({
      outcome: 'not-live',
      side: 'crm',
      id: crmId,
    });
  });
});

const INTENT = (linkId: string) =>
  ({
    linkId,
    side: 'udesk',
    op: 'update',
    guardClass: 'overwrite',
    remoteId: null,
    patch: {},
    reasons: {},
    source: {},
    halves: {},
    decisions: {},
    marker: null,
    priority: 1,
  }) as const;

describe('unlinking', () => {
  test('deletes nothing, closes the conflicts, and neither links nor creates the two again', async () => {
    const link = await linked();
    const { db } = world.database;
    const before = await writesSoFar(world);
    expect(await unlink(db, { linkId: link.id, who: 'li', at })).toMatchObject({
      outcome: 'unlinked',
      closedConflicts: 1,
    });
    await world.sync();
    await world.crm`update contact set note = 'only here'`;
    await world.sync();
    expect(world.simulator.tenant.list()).toMatchObject([{ nick_name: 'U', description: null }]);
    expect(await world.people()).toMatchObject([{ name: 'C', note: 'only here' }]);
    expect((await writesSoFar(world)).udesk).toBe(before.udesk);
    expect(await loadLink(db, link.id)).toMatchObject({ state: 'broken', decidedBy: 'unlink' });
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
    expect(await listLinks(db, { state: 'candidate', limit: 10 })).toEqual([]);
  });

  test('can be taken back: the link goes on from the bases that it had', async () => {
    const link = await linked();
    const { db } = world.database;
    await unlink(db, { linkId: link.id, who: 'li', at });
    await world.crm`update contact set note = 'written while unlinked'`;
    await world.sync();
    expect(await confirmLink(db, { linkId: link.id, who: 'li', at })).toMatchObject({ outcome: 'confirmed' });
    await world.sync();
    expect(world.simulator.tenant.list()).toMatchObject([{ description: 'written while unlinked' }]);
    expect((await loadLink(db, link.id))?.evidence.slice(-2)).toMatchObject([
      { take: 'unlink' },
      { take: 'confirm' },
    ]);
  });

  test('waits until the outcome of every write is known', async () => {
    const link = await linked();
    const { db } = world.database;
    const insert = async (state: string) => {
      await insertIntents(db, 'main', { runId: 1, round: 1 }, [INTENT(link.id)], at);
      await ourRows(world, `update udesk_sync.intent set state = '${state}' where state = 'planned'`);
    };
    for (const state of ['pending', 'sending', 'unknown']) {
      await insert(state);
      expect(await unlink(db, { linkId: link.id, who: 'li', at })).toMatchObject({
        outcome: 'in-flight',
        intents: 1,
      });
      await ourRows(world, `delete from udesk_sync.intent where state = '${state}'`);
    }
    await insert('held');
    expect(await unlink(db, { linkId: link.id, who: 'li', at })).toMatchObject({ outcome: 'unlinked' });
    expect(await ourRows(world, `select 1 from udesk_sync.intent where state = 'held'`)).toEqual([]);
  });
});

describe('a decision that falls between planning and storing the plan', () => {
  async function planAround(edits: 0 | 1, decide: (link: LinkRow) => Promise<unknown>): Promise<LinkRow> {
    const link = await linked();
    const { db } = world.database;
    if (edits > 0) await world.crm`update contact set note = 'seen and not written yet'`;
    await world.sync({ dry: true });
    await setLinksDirty(db, 'main', [link.id], true);
    const taken = await acquireLease(db, 'main', 'planner', 60_000);
    if (!taken.ok) throw new Error('the lease is taken');
    const { links } = await loadLinksToPlan(db, 'main', '0', 10, new Date());
    const chunk = links.map((loaded) => ({
      link: loaded,
      plan: reconcileLink(world.pair.spec, loaded.state),
    }));
    expect(chunk.map(({ plan }) => plan.writes.length)).toEqual([edits]);
    await decide(link);
    const { signal } = new AbortController();
    const cycle = {
      ...world.engine,
      ...world.pair,
      fence: taken.fence,
      runId: 1,
      signal,
      held: signal,
      progress: () => {},
    };
    await persistPlans(cycle, chunk, 1);
    await releaseLease(db, taken.fence);
    return link;
  }

  test('about a conflict is carried out by the next cycle', async () => {
    await planAround(0, async () => {
      const [conflict] = await world.conflicts();
      const conflictId = conflict?.id ?? '';
      await decideConflict(world.database.db, { conflictId, who: 'li', take: 'crm', value: null, at });
    });
    await world.sync();
    expect(world.simulator.tenant.list()).toMatchObject([{ nick_name: 'C' }]);
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
  });

  test('to unlink is not undone by it: nothing is written for the link', async () => {
    const link = await planAround(1, (known) =>
      unlink(world.database.db, { linkId: known.id, who: 'li', at }),
    );
    expect(await ourRows(world, `select 1 from udesk_sync.intent where state <> 'settled'`)).toEqual([]);
    expect((await loadLink(world.database.db, link.id))?.state).toBe('broken');
  });
});
