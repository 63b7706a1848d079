import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rule, ruleList, similarList } from '../../../src/web/api/endpoints/similar.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createSimilarWorld, decideOldest, newcomer } from '../../support/similar.ts';
import type { Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn, tokenOf } from '../../support/web.ts';
import { ourRows, type World } from '../../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';

let world: World;
let web: RunningWeb;
let cli: CommandLine;
beforeEach(async () => {
  world = await createSimilarWorld(12, { extra: [SCRIPT, 'Open'] });
  await decideOldest(world, 12, 'udesk');
  web = await openWeb(world, { users: true });
  cli = commandLine(world);
});
afterEach(async () => {
  cli.close();
  await web.close();
  await world.close();
});

/** The fields of the form that turns the proposed rule on. */
async function proposal(one: Visitor): Promise<Record<string, string>> {
  const list = await one.get('/conflicts/similar');
  const address = /href="(\/conflicts\/similar\/group[^"]+)"/.exec(list.text)?.[1] ?? '';
  const page = await one.get(address.replaceAll('&amp;', '&'));
  expect(page.status).toBe(200);
  const form = page.text.slice(page.text.indexOf('action="/conflicts/rules"'));
  const fields = [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  return { ...Object.fromEntries(fields), open: '0' };
}

const rules = async () =>
  await ourRows(world, 'select on_by, off_by, agrees, total from udesk_sync.review_rule order by id');

describe('the pages of rules', () => {
  test('names are never markup, and a hostile address is refused', async () => {
    const one = await signedIn(web, 'viewer');
    const { text } = await one.get('/conflicts/similar');
    expect(text).toContain('&lt;script&gt;');
    expect(text).toContain('One group');
    expect(text).not.toContain(SCRIPT);
    for (const bad of [
      '?pair=main',
      '?pair=main&field=x&kind=edit/edit&pattern=<script>',
      `?pair=main&field=x&kind=<b>&pattern=v1.person.other.together`,
    ])
      expect((await one.get(`/conflicts/similar/group${bad}`)).status).toBe(400);
    const unknown = await one.get(
      '/conflicts/similar/group?pair=other&field=x&kind=edit/edit&pattern=v1.person.other.together',
    );
    expect(unknown.status).toBe(404);
    const none = await one.get(
      `/conflicts/similar/group?pair=main&field=${encodeURIComponent(SCRIPT)}&kind=edit/edit&pattern=v1.person.other.together`,
    );
    expect(none.status).toBe(200);
    expect(none.text).not.toContain(SCRIPT);
  });

  test('of two operators who turn it on at once one does, and the other is told', async () => {
    const [one, two] = [await signedIn(web, 'operator'), await signedIn(web, 'operator')];
    const [first, second] = [await proposal(one), await proposal(two)];
    const answers = await Promise.all([
      one.post('/conflicts/rules', first),
      two.post('/conflicts/rules', second),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.text).toContain('on already');
    expect(await rules()).toEqual([{ on_by: 'operator', off_by: null, agrees: 12, total: 12 }]);
  });

  test('turned on is what was shown, or nothing: another decision in between is told', async () => {
    const one = await signedIn(web, 'operator');
    const shown = await proposal(one);
    await decideOldest(world, 1, 'crm');
    const answer = await one.post('/conflicts/rules', shown);
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('The past decisions have changed');
    expect(answer.text).toContain('would agree with 12 of 13');
    expect(await rules()).toEqual([]);
  });

  test('only an operator turns one on, a reviewer turns it off, a viewer does neither', async () => {
    const operator = await signedIn(web, 'operator');
    const shown = await proposal(operator);
    for (const name of ['viewer', 'reviewer']) {
      const one = await signedIn(web, name);
      expect((await one.get('/conflicts/similar')).text).not.toContain('Turn it off');
      expect((await one.post('/conflicts/rules', shown)).status).toBe(403);
    }
    expect(await rules()).toEqual([]);
    expect((await operator.post('/conflicts/rules', shown)).status).toBe(200);
    const viewer = await signedIn(web, 'viewer');
    await viewer.get('/conflicts/rules/1');
    expect((await viewer.post('/conflicts/rules/1/off')).status).toBe(403);
    const reviewer = await signedIn(web, 'reviewer');
    expect((await reviewer.get('/conflicts/rules/1')).text).toContain('Turn it off');
    expect((await reviewer.post('/conflicts/rules/1/off')).status).toBe(200);
    expect((await reviewer.post('/conflicts/rules/1/off')).status).toBe(409);
    expect(await rules()).toMatchObject([{ on_by: 'operator', off_by: 'reviewer' }]);
  });
});

describe('on the command line', () => {
  test('the groups, the proposal, and a rule from its turning on to its end', async () => {
    const { groups } = (await cli.run('conflicts', 'similar', '--json')).json() as never as {
      groups: { id: string; open: number; proposal: object }[];
    };
    expect(groups).toMatchObject([
      { open: 2, proposal: { kind: 'proposed', take: 'udesk', agrees: 12, total: 12 } },
    ]);
    expect((await cli.run('conflicts', 'similar')).stdout).toContain('agrees with 12 of 12 past decisions');
    const id = groups[0]?.id ?? '';
    const looked = await cli.run('rules', 'on', id);
    expect(looked).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was turned on') });
    expect(looked.stdout).toContain('it would decide 2: 0 writes to Udesk, 2 to the CRM');
    expect(await rules()).toEqual([]);
    expect((await cli.run('rules', 'on', id, '--yes', '--who', 'rule:9 for ann')).code).toBe(2);
    expect((await cli.run('rules', 'on', id, '--yes', '--who', 'ann')).stdout).toContain('Rule 1 is on');
    expect(await cli.run('rules', 'on', id, '--yes', '--who', 'bob')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('on already'),
    });
    await newcomer(world, 'zhao@example.com');
    await world.sync();
    expect((await cli.run('rules', 'list')).stdout).toMatch(/on since .* by ann/);
    expect((await cli.run('rules', 'show', '1')).stdout).toContain('decided      1, of which people undid 0');
    expect(await cli.run('rules', 'off', '1')).toMatchObject({ code: 0, stdout: 'Rule 1 is off.\n' });
    expect((await cli.run('rules', 'off', '1')).code).toBe(1);
    expect((await cli.run('rules', 'show', '7')).stderr).toContain('There is no rule 7');
    expect((await cli.run('verify-log')).code).toBe(0);
  });

  test('no rule can be turned on where none is proposed', async () => {
    await decideOldest(world, 1, 'crm');
    const { groups } = (await cli.run('conflicts', 'similar', '--json')).json() as never as {
      groups: { id: string }[];
    };
    const tried = await cli.run('rules', 'on', groups[0]?.id ?? '', '--yes');
    expect(tried).toMatchObject({ code: 1, stderr: expect.stringContaining('agrees with only 12 of 13') });
    expect(await rules()).toEqual([]);
  });
});

describe('the API', () => {
  const call = async (method: string, path: string, role = 'operator', body?: unknown) => {
    const response = await fetch(`${web.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${tokenOf(role)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };

  test('tells groups and rules, and a program turns one off but not on', async () => {
    const { status, body } = await call('GET', '/similar', 'viewer');
    expect(status).toBe(200);
    const { groups } = similarList.parse(body);
    const [group] = groups;
    expect(group).toMatchObject({ open: 2, proposal: { kind: 'proposed', agrees: 12 }, ruleId: null });
    const { pair, field, kind, pattern } = group ?? expect.fail();
    const wish = { pair, field, kind, pattern, take: 'udesk', agrees: 12, total: 12, includeOpen: false };
    expect((await call('POST', '/rules', 'operator', wish)).status).toBe(404);
    expect(await rules()).toEqual([]);
    const one = await signedIn(web, 'operator');
    await one.post('/conflicts/rules', await proposal(one));
    const listed = ruleList.parse((await call('GET', '/rules', 'viewer')).body);
    expect(listed.rules).toMatchObject([{ id: '1', onBy: 'operator', decided: 0, offAt: null }]);
    expect((await call('POST', '/rules/1/off', 'viewer')).status).toBe(403);
    const off = await call('POST', '/rules/1/off', 'reviewer');
    expect(rule.parse(off.body)).toMatchObject({ id: '1', offBy: 'reviewer program' });
    expect((await call('POST', '/rules/1/off', 'reviewer')).status).toBe(409);
    expect((await call('GET', '/rules/9')).status).toBe(404);
  });
});
