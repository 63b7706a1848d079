/** Who edited on both sides, wherever a person or a program looks: in the words of how surely it is known. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb, tokenOf } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;

const TOM = { id: 8, nick_name: 'Tom' };
const EVIL = 'Wu <b>';

/** 王芳 edited one field of Ann in the CRM, somebody two fields of Bo; Tom edited the same fields in Udesk. */
beforeAll(async () => {
  world = await createWorld({
    customers: ['Ann', 'Bo'].map((nick_name) => ({ nick_name, email: `${nick_name}@example.com` })),
    crm: ['table: contact', 'externalId: udesk_id', 'updatedAt: updated_at', 'author: { name: editor }'],
  });
  await world.sync();
  await world.crm`update contact set note = 'from the CRM', editor = '王芳' where name = 'Ann'`;
  await world.crm`update contact set note = 'from the CRM', industry = 'steel', editor = ${EVIL} where name = 'Bo'`;
  for (const name of ['Ann', 'Bo']) {
    const id = world.simulator.tenant.find('email', `${name}@example.com`)?.id ?? '';
    world.simulator.tenant.edit(id, { description: `${name} of Udesk` }, TOM);
  }
  await world.sync({ readFeeds: true });
  await world.sync({ readFeeds: true });
  web = await openWeb(world, { users: true, locale: 'zh-CN' });
}, 120_000);
afterAll(async () => {
  await web.close();
  await world.close();
});

async function get(path: string, at = web.url): Promise<string> {
  const browser = visitor(at);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name: 'viewer', password: PASSWORD });
  return (await browser.get(path)).text;
}

const idOf = (name: string) => world.simulator.tenant.find('email', `${name}@example.com`)?.id ?? '';
const conflictOf = async (name: string) => {
  const found = (await world.conflicts()).find(({ udeskId }) => udeskId === idOf(name));
  if (found === undefined) throw new Error(`no conflict of ${name}`);
  return found.id;
};
const inEnglish = async (path: string) => {
  const english = await openWeb(world, { users: true });
  try {
    return await get(path, english.url);
  } finally {
    await english.close();
  }
};
const ofCrm = (text: string) =>
  /<div class="side crm">.*?<small class="muted">(.*?)<\/small>/s.exec(text)?.[1];

describe('P12: a person sees who edited in the CRM', () => {
  test('on the page of a conflict, and that of several fields only the record is known', async () => {
    const ann = await get(`/conflicts/${await conflictOf('Ann')}`);
    expect(ofCrm(ann)).toMatch(/^王芳 于 .* 修改$/s);
    expect(ann).toContain('Tom');
    const bo = await get(`/conflicts/${await conflictOf('Bo')}`);
    expect(ofCrm(bo)).toMatch(/^Wu &lt;b&gt; 于 .* 最后修改该记录$/s);
    const english = await inEnglish(`/conflicts/${await conflictOf('Bo')}`);
    expect(ofCrm(english)).toMatch(/^the record was last changed .* by Wu &lt;b&gt;$/s);
  });

  test('on the cards of the inbox, which is filtered by that person, too', async () => {
    const cards = await get(`/conflicts?author=${encodeURIComponent('王芳')}`);
    expect(cards).toContain('Ann of Udesk');
    expect(cards).not.toContain('Bo of Udesk');
    expect(cards).toMatch(/王芳 于 .* 修改/s);
  });

  test('in the timeline of the customer', async () => {
    expect(await get(`/customers/${idOf('Ann')}`)).toContain('由 王芳 修改');
    expect(await get(`/customers/${idOf('Bo')}`)).toContain('该记录最后由 Wu &lt;b&gt; 修改');
  });

  test('in the groups of similar ones, where the author of the field is known', async () => {
    const text = await get('/conflicts/similar');
    expect(text.split('由人在 CRM 中修改')).toHaveLength(2);
  });
});

describe('a program is told', () => {
  test('both authors of a conflict, and how surely they are known', async () => {
    const ask = async (path: string) => {
      const headers = { authorization: `Bearer ${tokenOf('viewer')}` };
      return await (await fetch(`${web.url}/api/v1${path}`, { headers })).json();
    };
    expect(await ask(`/conflicts/${await conflictOf('Ann')}`)).toMatchObject({
      authors: ['Tom', '王芳'],
      udeskAuthor: { name: 'Tom', knownBy: 'history' },
      crmAuthor: { name: '王芳', knownBy: 'field' },
    });
    expect(await ask(`/conflicts?author=${encodeURIComponent(EVIL)}`)).toMatchObject({
      conflicts: [{ crmAuthor: { name: EVIL, knownBy: 'record' } }],
      total: 1,
    });
  });

  test('by explain, conflicts and the report on the command line', async () => {
    const cli = commandLine(world);
    try {
      const told = await cli.run('explain', 'udesk', idOf('Bo'), 'description');
      expect(told.stdout).toContain(`record last changed by ${EVIL} at `);
      const shown = await cli.run('conflicts', 'show', await conflictOf('Ann'));
      expect(shown.stdout).toMatch(/in the CRM .*\(changed 20\S* by 王芳\)/);
      const report = (await cli.run('report', '--format', 'json')).json() as never as {
        readonly report: { readonly conflicts: { readonly byCrmAuthor: unknown } };
      };
      expect(report.report.conflicts.byCrmAuthor).toEqual([
        { name: EVIL, opened: 1, closed: 0, open: 1 },
        { name: '王芳', opened: 1, closed: 0, open: 1 },
      ]);
    } finally {
      cli.close();
    }
  });
});
