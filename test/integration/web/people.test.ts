import { afterEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, ourRows, type World, type WorldOptions, writesSoFar } from '../../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';
const RULE = `alter table contact add constraint no_bad check (name <> 'Bad')`;

let world: World;
let web: RunningWeb;
let browser: Visitor;
let woken: string[];

async function open(options: WorldOptions): Promise<void> {
  world = await createWorld(options);
  await world.sync();
  woken = [];
  web = await openWeb(world, { users: true, wake: (pair) => woken.push(pair) });
}
afterEach(async () => {
  await web.close();
  await world.close();
});

async function signIn(name: string): Promise<void> {
  browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name, password: PASSWORD });
}

const first = () => {
  const [customer] = world.simulator.tenant.list();
  if (customer === undefined) throw new Error('there is no customer');
  return customer.id;
};

describe('a record that was set aside', () => {
  const refused = async () => {
    await open({ customers: [{ nick_name: 'Good', email: 'a@example.com' }] });
    await world.crm.unsafe(RULE);
    world.simulator.tenant.edit(first(), { nick_name: 'Bad' });
    await world.sync();
    const [row] = await ourRows(world, `select id from udesk_sync.parked where state = 'parked'`);
    return String(row?.id);
  };

  test('is shown with the words of the side, and is tried again once', async () => {
    const id = await refused();
    await signIn('reviewer');
    const { text } = await browser.get('/parked');
    for (const shown of ['no_bad', 'CRM said', 'Bad']) expect(text).toContain(shown);
    await world.crm.unsafe('alter table contact drop constraint no_bad');
    expect((await browser.post(`/parked/${id}/retry`)).location).toBe('/parked?done=retry');
    expect(woken).toEqual(['main']);
    expect((await browser.post(`/parked/${id}/retry`)).status).toBe(409);
    await world.sync();
    expect((await world.people()).map(({ name }) => name)).toEqual(['Bad']);
    expect((await browser.get('/parked')).text).toContain('Nothing is set aside');
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
  });

  test('is left alone when a reviewer says so, and a viewer says nothing', async () => {
    const id = await refused();
    await signIn('viewer');
    expect((await browser.get('/parked')).text).not.toContain('/drop');
    expect((await browser.post(`/parked/${id}/drop`)).status).toBe(403);
    await signIn('reviewer');
    await browser.get('/parked');
    expect((await browser.post(`/parked/${id}/drop`)).status).toBe(303);
    await world.sync();
    expect((await world.people()).map(({ name }) => name)).toEqual(['Good']);
    expect((await browser.post('/parked/999999/retry')).status).toBe(404);
    expect((await browser.get("/parked?after=1'")).status).toBe(400);
  });

  test('is tried again together with the others', async () => {
    const id = await refused();
    await signIn('reviewer');
    await browser.get('/parked');
    expect((await browser.post('/parked/retry', { ids: `${id},999999,x` })).status).toBe(303);
    expect(await ourRows(world, 'select state from udesk_sync.parked')).toEqual([{ state: 'retried' }]);
  });
});

describe('the page of a customer', () => {
  test('P12: shows both sides, where each value comes from, and everything that happened', async () => {
    await open({
      customers: [{ nick_name: SCRIPT, email: 'a@example.com', description: 'original note' }],
      people: [{ name: 'CRM name', emails: ['a@example.com'] }],
    });
    const [conflict] = await world.conflicts();
    const decision = {
      conflictId: conflict?.id ?? '',
      who: 'ann',
      take: 'crm',
      value: null,
      at: new Date(),
    } as const;
    await decideConflict(world.database.db, decision);
    await world.sync();
    world.simulator.tenant.edit(first(), { description: 'second <i>note</i>' });
    await world.sync();
    await signIn('viewer');
    const { text, status } = await browser.get(`/customers/${first()}`);
    expect(status).toBe(200);
    for (const shown of [
      'CRM name',
      'second &lt;i&gt;note&lt;/i&gt;',
      'ann',
      'took the CRM',
      'the same e-mail',
      'Somebody gave it this value',
    ])
      expect(text).toContain(shown);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toContain(SCRIPT);
    expect(text).not.toContain('<i>note</i>');
    expect(text).not.toContain('/refresh');
    // Of one field: its own story, and nobody else's.
    const only = await browser.get(`/customers/${first()}?field=description`);
    expect(only.text).toContain('original note');
    expect(only.text).not.toContain('took the CRM');
    expect((await browser.get('/customers/1?side=crm')).status).toBe(200);
    expect((await browser.get('/customers/999')).status).toBe(404);
    expect((await browser.get(`/customers/${first()}?pair=other`)).status).toBe(404);
  });

  test('reads both records now, and writes nothing', async () => {
    await open({ customers: [{ nick_name: 'Before', email: 'a@example.com' }] });
    await signIn('reviewer');
    await browser.get(`/customers/${first()}`);
    world.simulator.tenant.edit(first(), { nick_name: 'After' });
    const before = await writesSoFar(world);
    const { text } = await browser.post(`/customers/${first()}/refresh`);
    expect(text).toContain('It has changed');
    expect(text).toContain('It is as known');
    expect(text).toContain('After');
    expect(await writesSoFar(world)).toEqual(before);
    expect(woken).toEqual(['main']);
    await signIn('viewer');
    await browser.get(`/customers/${first()}`);
    expect((await browser.post(`/customers/${first()}/refresh`)).status).toBe(403);
  });
});

describe('the overview', () => {
  test('says how the pair is, leads to what waits, and tells the cycles', async () => {
    await open({
      customers: [{ nick_name: 'U', email: 'a@example.com' }],
      people: [{ name: 'C', emails: ['a@example.com'] }],
    });
    await signIn('viewer');
    const { text } = await browser.get('/');
    for (const shown of ['well, and waits for you', '/conflicts?pair=main', '<svg class="chart"', 'opened'])
      expect(text).toContain(shown);
    expect((await browser.get('/overview/now')).text).not.toContain('<html');
    const runs = await browser.get('/runs');
    expect(runs.text).toContain('done');
    expect(runs.text).toContain('open conflicts');
  });

  test('a cycle that failed is told with its words, there and among the cycles', async () => {
    await open({ customers: [{ nick_name: 'U', email: 'a@example.com' }] });
    await world.crm`alter table contact rename to elsewhere`;
    await expect(world.sync()).rejects.toThrow();
    await signIn('viewer');
    const { text } = await browser.get('/');
    expect(text).toContain('in trouble');
    expect(text).toContain('contact');
    expect((await browser.get('/runs?trouble=1')).text).toContain('failed');
  });
});
