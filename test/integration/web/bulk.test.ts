import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let reviewer: Visitor;
let picks: string[];

/** Three conflicts over names. */
beforeEach(async () => {
  world = await createWorld({
    customers: [0, 1, 2].map((n) => ({ nick_name: `U${n}`, email: `p${n}@example.com` })),
    people: [0, 1, 2].map((n) => ({ name: `C${n}`, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  web = await openWeb(world, { users: true, clock: () => new Date() });
  reviewer = await signedIn(web, 'reviewer');
  picks = (await world.conflicts()).map(({ id, changedAt }) => `${id}@${changedAt}`);
});
afterEach(async () => {
  await web.close();
  await world.close();
});

async function decideTogether(chosen: readonly string[]): Promise<Answer> {
  // Fields of the same name, as a browser sends them.
  await reviewer.get('/conflicts');
  return await reviewer.post('/conflicts/bulk', [
    ['take', 'crm'],
    ...chosen.map((pick): [string, string] => ['pick', pick]),
  ]);
}

describe('what was decided in one go', () => {
  test('has an address of its own: looking again shows how it went on, and decides nothing again', async () => {
    const answer = await decideTogether(picks.slice(0, 2));
    expect(answer.status).toBe(303);
    const result = answer.location ?? '';
    expect(result.length).toBeLessThan(100);
    const first = await reviewer.get(result);
    expect(first.status).toBe(200);
    expect(first.text).toContain('<h1>2 decided</h1>');
    expect(first.text).toContain('2 still to do, 0 agree on both sides');
    expect(first.text).toContain('Undo all of them');
    expect(first.text).toMatch(/<a class="no-script" href="\/conflicts\/bulk\?first=\d+">Look again<\/a>/);
    for (let n = 0; n < 2; n += 1) await world.sync();
    const again = await reviewer.get(result);
    expect(again.text).toContain('0 still to do, 2 agree on both sides');
    expect(again.text).toContain('Undo all of them');
    expect(again.text).not.toContain('no-script');
    const states = (await world.conflicts()).map(({ state }) => state);
    expect(states).toEqual(['resolved', 'resolved', 'open']);
  });

  test('is what it was when more is decided by the same person, or by another', async () => {
    const first = await decideTogether(picks.slice(0, 1));
    const second = await decideTogether(picks.slice(1, 2));
    const other = await signedIn(web, 'operator');
    await other.post('/conflicts/bulk', { take: 'udesk', pick: picks[2] ?? '' });
    for (const { location } of [first, second])
      expect((await reviewer.get(location ?? '')).text).toContain('<h1>1 decided</h1>');
  });

  test('tells how many were left alone, even when that is all', async () => {
    expect((await decideTogether(picks.slice(0, 1))).status).toBe(303);
    const late = await decideTogether(picks.slice(0, 1));
    expect(late.location).toBe('/conflicts/bulk?late=1');
    const { text } = await reviewer.get('/conflicts/bulk?late=1');
    expect(text).toContain('<h1>0 decided</h1>');
    expect(text).toContain('1 was left alone');
    expect(text).not.toContain('Undo all of them');
  });

  test('does not count what was taken back', async () => {
    const { location } = await decideTogether(picks);
    const ids = picks.map((pick) => pick.split('@')[0]).join(',');
    const undone = await reviewer.post('/conflicts/bulk/undo', { ids });
    expect(undone.status).toBe(303);
    expect((await reviewer.get(undone.location ?? '')).text).toContain('3 were taken back');
    expect((await reviewer.get(location ?? '')).text).toContain('<h1>0 decided</h1>');
  });

  test('is asked for in parts by scripts; a viewer sees it without the undo; nonsense is refused', async () => {
    const { location } = await decideTogether(picks);
    const viewer = await signedIn(web, 'viewer');
    const page = await viewer.get(location ?? '');
    expect(page.text).toContain('<h1>3 decided</h1>');
    expect(page.text).not.toContain('/conflicts/bulk/undo');
    const [, address = ''] = /hx-get="([^"]+)"/.exec(page.text) ?? [];
    const part = await viewer.get(address.replaceAll('&amp;', '&'), { 'hx-request': 'true' });
    expect(part.text).toMatch(/^<div id="progress"/);
    expect(part.text).toContain('3 still to do');
    for (const query of ['first=x', 'first=-1', 'late=x', 'first=1%27'])
      expect((await viewer.get(`/conflicts/bulk?${query}`)).status).toBe(400);
    expect((await viewer.get('/conflicts/bulk?first=999999')).text).toContain('<h1>0 decided</h1>');
  });
});
