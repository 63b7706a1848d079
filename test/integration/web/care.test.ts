import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { assignConflicts } from '../../../src/store/assignments.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { inboxPage } from '../../../src/store/inbox.ts';
import { addNote, NOTE_LIMIT, NOTES_MOST } from '../../../src/store/notes.ts';
import { openWeb, type RunningWeb, signedIn, tokenOf } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let ids: string[];

const SCRIPT = '<script>alert(1)</script>';

/** Six conflicts over names. */
beforeEach(async () => {
  world = await createWorld({
    customers: Array.from({ length: 6 }, (_, n) => ({ nick_name: `U${n}`, email: `p${n}@example.com` })),
    people: Array.from({ length: 6 }, (_, n) => ({ name: `C${n}`, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  ids = (await world.conflicts()).map(({ id }) => id);
  web = await openWeb(world, { users: true });
});
afterEach(async () => {
  await web.close();
  await world.close();
});

const shownIds = (text: string) => [...text.matchAll(/id="conflict-(\d+)"/g)].map(([, id]) => id);
const id = (n: number) => ids[n] ?? '';
const assignees = async () =>
  (await ourRows(world, 'select assignee from udesk_sync.conflict order by id')).map((row) => row.assignee);
const log = async () =>
  (await ourRows(world, 'select entry from udesk_sync.decision_log order by seq')).map(
    (row) => JSON.parse(String(row.entry)) as Record<string, unknown>,
  );

describe('a conflict that is assigned', () => {
  test('is seen first by whom it is assigned to, and by the others in its place', async () => {
    const reviewer = await signedIn(web, 'reviewer');
    const answer = await reviewer.post(`/conflicts/${id(4)}/assign`, { to: 'operator' });
    expect([answer.status, answer.location]).toEqual([303, `/conflicts/${id(4)}`]);
    const operator = await signedIn(web, 'operator');
    expect(shownIds((await operator.get('/conflicts')).text)).toEqual([
      id(4),
      ...ids.filter((_, n) => n !== 4),
    ]);
    expect(shownIds((await reviewer.get('/conflicts')).text)).toEqual(ids);
    expect(shownIds((await operator.get('/conflicts?assigned=me')).text)).toEqual([id(4)]);
    expect(shownIds((await reviewer.get('/conflicts?assigned=operator')).text)).toEqual([id(4)]);
    expect(shownIds((await reviewer.get('/conflicts?assigned=me')).text)).toEqual([]);
    expect(shownIds((await reviewer.get('/conflicts?assigned=nobody')).text)).toHaveLength(5);
    expect((await reviewer.get(`/conflicts/${id(4)}`)).text).toContain('<option value="operator" selected>');
  });

  test('whoever goes through the pages with his own first meets each once, forwards and backwards', async () => {
    await assignConflicts(world.database.db, {
      ids: [id(1), id(3), id(5)],
      to: 'ann',
      who: 'ann',
      at: new Date(),
    });
    const query = {
      state: 'open',
      sort: 'mine',
      person: 'ann',
      limit: 2,
      now: new Date(),
      nameFields: {},
    } as const;
    const order = [1, 3, 5, 0, 2, 4].map(id);
    const forwards: string[] = [];
    let page = await inboxPage(world.database.db, { ...query, cursor: null });
    for (;;) {
      forwards.push(...page.rows.map((row) => row.id));
      if (page.next === null) break;
      page = await inboxPage(world.database.db, { ...query, cursor: page.next });
    }
    expect(forwards).toEqual(order);
    const backwards: string[] = [...page.rows.map((row) => row.id)];
    while (page.previous !== null) {
      page = await inboxPage(world.database.db, { ...query, cursor: page.previous });
      backwards.unshift(...page.rows.map((row) => row.id));
    }
    expect(backwards).toEqual(order);
  });

  test('is still the conflict that was seen: a decision under way is not disturbed, and the log says who assigned', async () => {
    const before = (await world.conflicts())[0];
    const reviewer = await signedIn(web, 'reviewer');
    await reviewer.post(`/conflicts/${id(0)}/assign`, { to: 'reviewer' });
    const decided = await reviewer.post(`/conflicts/${id(0)}/decide`, {
      take: 'udesk',
      seen: before?.changedAt ?? '',
    });
    expect(decided.status).toBe(303);
    expect(await log()).toEqual([
      expect.objectContaining({
        action: 'assign',
        who: 'reviewer',
        subject: `to reviewer: conflict ${id(0)}`,
      }),
      expect.objectContaining({ action: 'decide', who: 'reviewer' }),
    ]);
    expect((await verifyLog(world.database.db, null)).faults).toEqual([]);
  });

  test('together with all that fit is assigned at once, and none twice', async () => {
    const reviewer = await signedIn(web, 'reviewer');
    const one = await reviewer.post('/conflicts/bulk/assign', { id: id(2), to: 'operator', filter: '' });
    expect(one.text).toContain('1 assigned to operator');
    const all = await reviewer.post('/conflicts/bulk/assign', { all: '1', to: 'operator', filter: 'q=U' });
    expect(all.text).toContain('5 assigned to operator');
    expect(await assignees()).toEqual(Array(6).fill('operator'));
    expect(await log()).toHaveLength(2);
    await reviewer.post('/conflicts/bulk/assign', { all: '1', to: '', filter: 'assigned=operator&q=U3' });
    expect((await assignees())[3]).toBeNull();
    expect((await assignees()).filter((who) => who === 'operator')).toHaveLength(5);
  });

  test('goes to people who may decide and to nobody else, by reviewers, from forms of ours', async () => {
    const reviewer = await signedIn(web, 'reviewer');
    for (const to of ['viewer', 'stranger', SCRIPT])
      expect((await reviewer.post(`/conflicts/${id(0)}/assign`, { to })).status).toBe(400);
    expect((await reviewer.post(`/conflicts/${id(0)}/assign`, { to: 'reviewer', csrf: 'x' })).status).toBe(
      403,
    );
    const viewer = await signedIn(web, 'viewer');
    expect((await viewer.post(`/conflicts/${id(0)}/assign`, { to: 'reviewer' })).status).toBe(403);
    expect((await viewer.post('/conflicts/bulk/assign', { all: '1', to: 'reviewer' })).status).toBe(403);
    expect(await assignees()).toEqual(Array(6).fill(null));
    expect((await viewer.get(`/conflicts/${id(0)}`)).text).not.toContain('/assign"');
  });

  test('stays with whoever has it when a decision about it becomes void', async () => {
    const { db } = world.database;
    await assignConflicts(db, { ids: [id(0)], to: 'ann', who: 'bob', at: new Date() });
    await decideConflict(db, { conflictId: id(0), who: 'ann', take: 'udesk', value: null, at: new Date() });
    await world.crm`update contact set name = 'C0 again' where name = 'C0'`;
    await world.sync();
    const open = (await world.conflicts()).filter(
      ({ state, field, udeskId }) => state === 'open' && field === 'nick_name' && udeskId !== null,
    );
    const fresh = open.find((row) => !ids.includes(row.id));
    expect(fresh).toMatchObject({ crm: 'C0 again' });
    expect(await ourRows(world, `select assignee from udesk_sync.conflict where id = ${fresh?.id}`)).toEqual([
      { assignee: 'ann' },
    ]);
  });
});

describe('a note', () => {
  test('is plain text with who and when, seen by everybody, and kept in the log by its number alone', async () => {
    const reviewer = await signedIn(web, 'reviewer');
    const answer = await reviewer.post(`/conflicts/${id(0)}/notes`, { text: `  ${SCRIPT}\r\nsecond line ` });
    expect([answer.status, answer.location]).toEqual([303, `/conflicts/${id(0)}#notes`]);
    const viewer = await signedIn(web, 'viewer');
    const { text } = await viewer.get(`/conflicts/${id(0)}`);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\nsecond line</p>');
    expect(text).not.toContain(SCRIPT);
    expect(text).toMatch(/<b>reviewer<\/b>, <time/);
    expect((await viewer.get('/conflicts')).text).toContain('Notes: 1');
    const [entry] = await log();
    expect(entry).toMatchObject({ action: 'note', who: 'reviewer' });
    expect(JSON.stringify(entry)).not.toContain('second line');
    expect((await verifyLog(world.database.db, null)).faults).toEqual([]);
  });

  test('that is empty, too long, or one too many is refused, and what was typed is not lost', async () => {
    const reviewer = await signedIn(web, 'reviewer');
    const note = (text: string) => reviewer.post(`/conflicts/${id(0)}/notes`, { text });
    expect((await note(' \n ')).status).toBe(422);
    const long = await note(`${'长'.repeat(NOTE_LIMIT)}!`);
    expect(long.status).toBe(422);
    expect(long.text).toContain('长!</textarea>');
    expect((await note('长'.repeat(NOTE_LIMIT))).status).toBe(303);
    for (let n = 1; n < NOTES_MOST; n += 1)
      await addNote(world.database.db, { conflictId: id(0), who: 'ann', text: `note ${n}`, at: new Date() });
    expect((await note('one more')).status).toBe(422);
    expect(await ourRows(world, 'select count(*)::int as n from udesk_sync.conflict_note')).toEqual([
      { n: NOTES_MOST },
    ]);
  });

  test('is written by reviewers, from forms of ours, beside conflicts that are there', async () => {
    const viewer = await signedIn(web, 'viewer');
    expect((await viewer.post(`/conflicts/${id(0)}/notes`, { text: 'x' })).status).toBe(403);
    const reviewer = await signedIn(web, 'reviewer');
    expect((await reviewer.post(`/conflicts/${id(0)}/notes`, { text: 'x', csrf: 'y' })).status).toBe(403);
    expect((await reviewer.post('/conflicts/999999/notes', { text: 'x' })).status).toBe(404);
    expect(await ourRows(world, 'select 1 from udesk_sync.conflict_note')).toEqual([]);
  });

  test('of an earlier conflict about the same field is read with the next one', async () => {
    const { db } = world.database;
    await addNote(db, { conflictId: id(0), who: 'ann', text: 'called her', at: new Date() });
    await decideConflict(db, { conflictId: id(0), who: 'ann', take: 'udesk', value: null, at: new Date() });
    await world.crm`update contact set name = 'C0 again' where name = 'C0'`;
    await world.sync();
    const fresh = (await world.conflicts()).find((row) => row.state === 'open' && !ids.includes(row.id));
    const viewer = await signedIn(web, 'viewer');
    const { text } = await viewer.get(`/conflicts/${fresh?.id}`);
    expect(text).toContain('called her');
    expect(text).toContain(`with conflict ${id(0)}`);
  });
});

test('a program is told who has a conflict and how many notes there are', async () => {
  await assignConflicts(world.database.db, { ids: [id(0)], to: 'ann', who: 'ann', at: new Date() });
  await addNote(world.database.db, { conflictId: id(0), who: 'ann', text: 'x', at: new Date() });
  const response = await fetch(`${web.url}/api/v1/conflicts?assigned=ann`, {
    headers: { authorization: `Bearer ${tokenOf('viewer')}` },
  });
  expect(await response.json()).toMatchObject({ total: 1, conflicts: [{ assignee: 'ann', notes: 1 }] });
});
