/** How fresh a customer is: on his page, in the API, and in the view that reports read, it is one answer. */
import { afterEach, expect, test } from 'vitest';
import { openWeb, type RunningWeb, signedIn, tokenOf } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
afterEach(async () => {
  await web.close();
  await world.close();
});

async function verified(id: string): Promise<{ udesk: string; crm: string }> {
  const answer = await fetch(`${web.url}/api/v1/customers/${id}`, {
    headers: { authorization: `Bearer ${tokenOf('viewer')}` },
  });
  const { records } = (await answer.json()) as {
    records: Record<'udesk' | 'crm', { verifiedAt: string }>;
  };
  const of = { udesk: records.udesk.verifiedAt, crm: records.crm.verifiedAt };
  const { text } = await (await signedIn(web, 'reviewer')).get(`/customers/${id}`);
  const shown = /class="card fresh">(.*?)<\/section>/s.exec(text)?.[1] ?? '';
  expect([...shown.matchAll(/datetime="([^"]+)"/g)].map(([, at]) => at)).toEqual([
    ...[expect.any(String), of.udesk],
    ...[expect.any(String), of.crm],
  ]);
  const [row] = await ourRows(
    world,
    `select to_char(verified_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
     from report.customer where udesk_id = '${id}'`,
  );
  expect(of.udesk).toBe(row?.at);
  return of;
}

test('of a customer beyond the end of the list a sweep proves nothing, and reading him does', async () => {
  world = await createWorld({
    customers: ['A', 'B', 'C'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
  });
  await world.sync();
  world.simulator.set('list.cap', '2');
  const [newest, , beyond] = world.simulator.tenant.list().map(({ id }) => id);
  await world.sync({ observe: { udesk: 'full', crm: 'none' } });
  web = await openWeb(world, { users: true });
  const [pair] = await ourRows(
    world,
    `select to_char(udesk_swept_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as swept from udesk_sync.pair`,
  );
  const swept = String(pair?.swept);
  const listed = await verified(newest ?? '');
  const before = await verified(beyond ?? '');
  expect(listed.udesk >= swept).toBe(true);
  expect(before.udesk < swept).toBe(true);

  const browser = await signedIn(web, 'reviewer');
  for (const [id, was] of [
    [beyond ?? '', before],
    [newest ?? '', listed],
  ] as const) {
    expect((await browser.post(`/customers/${id}/refresh`)).text).toContain('It is as known');
    const after = await verified(id);
    expect(after.udesk > was.udesk && after.udesk > swept).toBe(true);
    expect(after.crm > was.crm).toBe(true);
  }
});
