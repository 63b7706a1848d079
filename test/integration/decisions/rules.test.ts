import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Group, propose, type RuleTake } from '../../../src/core/review-rule.ts';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { decideConflict, withdrawDecision } from '../../../src/store/conflict-decisions.ts';
import { loadRule, type ReviewRule, turnOff, turnOn } from '../../../src/store/review-rules.ts';
import { evidenceOf, openGroups } from '../../../src/store/similar.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const PEOPLE = 14;
const name = (n: number) => `Li Wei ${String.fromCharCode(97 + n)}`;

let world: World;
let cli: CommandLine;
let logged: Record<string, unknown>[];
/** Names that differ in their case alone, since the first match. */
beforeEach(async () => {
  logged = [];
  world = await createWorld({
    customers: Array.from({ length: PEOPLE }, (_, n) => ({ nick_name: name(n), email: `p${n}@example.com` })),
    people: Array.from({ length: PEOPLE }, (_, n) => ({
      name: name(n).toUpperCase(),
      emails: [`p${n}@example.com`],
    })),
    log: pino({ level: 'info' }, { write: (line) => void logged.push(JSON.parse(line)) }),
  });
  cli = commandLine(world);
  await world.sync();
});
afterEach(async () => {
  cli.close();
  await world.close();
});

const db = () => world.database.db;
const open = async () => (await world.conflicts()).filter(({ state }) => state === 'open');
const decide = (conflictId: string, take: RuleTake = 'udesk', byProgram = false) =>
  decideConflict(db(), { conflictId, who: 'ann', take, value: null, at: new Date(), byProgram });
const withdraw = (conflictId: string, who = 'bob') =>
  withdrawDecision(db(), { conflictId, who, at: new Date() });
const groups = async () => (await openGroups(db(), ['main'], { limit: 20, offset: 0 })).groups;
const evidence = async (group: Group) => (await evidenceOf(db(), [group]))[0];
/** A rule waits for the history of a customer, or a quarter of an hour. */
const longAgo = () =>
  ourRows(
    world,
    `update udesk_sync.conflict set changed_at = changed_at - interval '1 hour' where state = 'open'`,
  );

async function onlyGroup(): Promise<Group> {
  const [{ pair, field, kind, pattern } = expect.fail('there is no group'), ...more] = await groups();
  expect(more).toEqual([]);
  return { pair, field, kind, pattern };
}

async function ruleOn(
  group: Group,
  over: { includeOpen?: boolean; take?: RuleTake } = {},
): Promise<ReviewRule> {
  const rule = await turnOn(db(), {
    ...group,
    take: 'udesk',
    agrees: 10,
    total: 10,
    includeOpen: true,
    who: 'ann',
    at: new Date(),
    ...over,
  });
  return rule ?? expect.fail('the rule is on already');
}

/** Somebody else who is matched for the first time. */
async function newcomer(email: string, inUdesk = 'Zhao Min', inCrm = 'ZHAO MIN'): Promise<void> {
  world.simulator.tenant.create({ nick_name: inUdesk, email });
  await world.insert({ name: inCrm, emails: [email] });
  await world.sync();
}

describe('similar conflicts', () => {
  test('are one group, and what people decided about it is counted while it stands', async () => {
    const group = await onlyGroup();
    expect(group).toMatchObject({ field: 'nick_name', kind: 'first-link' });
    expect(group.pattern).toMatch(/^v1\.unknown\.same-text\./);
    const ids = (await open()).map(({ id }) => id);
    for (const id of ids.slice(0, 11)) await decide(id);
    await decide(ids[11] ?? '', 'crm');
    await decide(ids[12] ?? '', 'udesk', true); // a program with a token
    expect(await evidence(group)).toEqual({ udesk: 11, crm: 1, base: 0, value: 0 });
    expect(await withdraw(ids[0] ?? '')).toBe('withdrawn');
    expect(await withdraw(ids[11] ?? '')).toBe('withdrawn');
    expect(await evidence(group)).toEqual({ udesk: 10, crm: 0, base: 0, value: 0 });
    expect(propose(group, (await evidence(group)) ?? expect.fail())).toMatchObject({
      kind: 'proposed',
      total: 10,
    });
    await world.sync();
    // What was carried out and undone afterwards counts no more either; what was overtaken by an edit neither.
    const [link] = await ourRows(world, `select link_id from udesk_sync.conflict where id = ${ids[1]}`);
    expect((await cli.run('revert', '--link', String(link?.link_id), '--yes')).code).toBe(0);
    expect(await evidence(group)).toMatchObject({ udesk: 9 });
    await decide(ids[0] ?? '');
    expect(await evidence(group)).toMatchObject({ udesk: 10 });
    await world.crm`update contact set name = 'Somebody else' where 'p0@example.com' = any(emails)`;
    await world.sync();
    expect(await evidence(group)).toMatchObject({ udesk: 9 });
  });

  test('an edit that Udesk’s history names is of another group: a program’s is not a person’s', async () => {
    await ourRows(world, 'delete from udesk_sync.conflict');
    await world.sync();
    expect((await cli.run('conflicts', 'list')).code).toBe(0);
    const { tenant } = world.simulator;
    const id = (n: number) => tenant.find('email', `p${n}@example.com`)?.id ?? '';
    for (const [n, author] of [
      [0, { id: 7, nick_name: 'Ann' }],
      [1, { id: 8, nick_name: 'Import robot' }],
    ] as const) {
      await world.crm`update contact set name = ${name(n)} where ${`p${n}@example.com`} = any(emails)`;
      await world.sync();
      tenant.edit(id(n), { nick_name: `${name(n)} there` }, author);
      await world.crm`update contact set name = ${`${name(n)} here`} where ${`p${n}@example.com`} = any(emails)`;
    }
    const spec = { ...world.pair.spec, automations: ['Import robot'] };
    Object.assign(world.pair, { spec });
    await world.sync();
    await world.sync({ readFeeds: true });
    const found = (await groups())
      .filter(({ kind }) => kind === 'edit/edit')
      .map(({ pattern }) => pattern.split('.')[1]);
    expect(found.sort()).toEqual(['automation', 'person']);
  });
});

describe('a rule that a person turned on', () => {
  test('decides what opens from then on, through to both sides, and leaves what was open to people', async () => {
    const group = await onlyGroup();
    const rule = await ruleOn(group, { includeOpen: false });
    await newcomer('zhao@example.com');
    await longAgo();
    expect(await open()).toHaveLength(PEOPLE + 1);
    await world.sync();
    const who = `rule:${rule.id} for ann`;
    expect((await world.conflicts()).filter(({ state }) => state === 'resolving')).toMatchObject([
      { resolvedBy: who },
    ]);
    await world.sync();
    expect(await open()).toHaveLength(PEOPLE);
    expect((await world.conflicts()).filter(({ state }) => state === 'resolved')).toMatchObject([
      { udesk: 'Zhao Min', crm: 'ZHAO MIN', resolvedBy: who },
    ]);
    expect((await world.people()).map((person) => person.name)).toContain('Zhao Min');
    // Told wherever decisions are told of, and no evidence for itself.
    const customer = world.simulator.tenant.find('email', 'zhao@example.com');
    expect((await cli.run('explain', 'udesk', String(customer?.id), 'nick_name')).stdout).toContain(who);
    expect((await cli.run('report', '--format', 'json')).stdout).toContain(who);
    expect(await evidence(group)).toMatchObject({ udesk: 0 });
    expect(await verifyLog(db(), null)).toMatchObject({ entries: 2, faults: [] });
  });

  test('decides what was open, too, when that was chosen; and nothing any more once it is off', async () => {
    const rule = await ruleOn(await onlyGroup());
    await world.sync();
    expect(await open()).toHaveLength(PEOPLE); // their histories are not read yet
    await longAgo();
    await world.sync();
    await world.sync();
    expect(await open()).toHaveLength(0);
    expect(await loadRule(db(), ['main'], rule.id)).toMatchObject({
      decided: PEOPLE,
      undone: 0,
      offAt: null,
    });
    expect(await turnOff(db(), { id: rule.id, who: 'bob', at: new Date() })).toBe(true);
    expect(await turnOff(db(), { id: rule.id, who: 'cy', at: new Date() })).toBe(false);
    await newcomer('zhao@example.com');
    await longAgo();
    await world.sync();
    expect(await open()).toHaveLength(1);
    expect(await loadRule(db(), ['main'], rule.id)).toMatchObject({ offBy: 'bob', offReason: 'person' });
    expect(await verifyLog(db(), null)).toMatchObject({ entries: PEOPLE + 2, faults: [] });
  });

  test('P8: overwrites no more in an hour than the guard on updates lets anything overwrite', async () => {
    await world.close();
    world = await createWorld({
      customers: Array.from({ length: 24 }, (_, n) => ({ nick_name: name(n), email: `p${n}@example.com` })),
      people: Array.from({ length: 24 }, (_, n) => ({
        name: name(n).toUpperCase(),
        emails: [`p${n}@example.com`],
      })),
      pair: { guards: '{ updates: { share: 0.3 } }' },
    });
    await world.sync();
    await ruleOn(await onlyGroup());
    await longAgo();
    await world.sync();

    const report = await world.sync();

    expect(report).toMatchObject({ outcome: 'waiting', waiting: { tripped: [{ guard: 'updates' }] } });
    expect((await world.people()).filter((person) => /[a-z]/.test(person.name ?? ''))).toEqual([]);
    // A person who looked at the plan releases it.
    await world.sync({ approve: report.waiting?.hash ?? '' });
    expect((await world.people()).filter((person) => /[a-z]/.test(person.name ?? ''))).toHaveLength(24);
  });

  test('that is off decides nothing, not even what it had looked at before; nor what is assigned to somebody', async () => {
    const rule = await ruleOn(await onlyGroup());
    const [one, two] = await open();
    const wish = {
      conflictId: one?.id ?? '',
      who: 'rule',
      take: 'udesk',
      value: null,
      at: new Date(),
      ruleId: rule.id,
    } as const;
    await turnOff(db(), { id: rule.id, who: 'bob', at: new Date() });
    expect(await decideConflict(db(), wish)).toBe(false);
    await ruleOn(await onlyGroup());
    await ourRows(world, `update udesk_sync.conflict set assignee = 'cy' where id = ${two?.id}`);
    await longAgo();
    await world.sync();
    expect((await open()).map(({ id }) => id)).toEqual([two?.id]);
  });

  test('waits until Udesk’s history was asked who made the edit', async () => {
    await ruleOn(await onlyGroup());
    await world.sync({ readFeeds: true });
    expect(await open()).toHaveLength(PEOPLE - 10); // so many histories are read per cycle
  });

  test('decides nothing when the values have moved, and leaves that field of the customer to people', async () => {
    const rule = await ruleOn(await onlyGroup());
    await longAgo();
    await world.sync();
    // Between its decision and the write a person edits one of them.
    await world.crm`update contact set name = 'LI WEI  a' where 'p0@example.com' = any(emails)`;
    await world.sync();
    const [left, ...more] = await open();
    expect(more).toEqual([]);
    expect(left).toMatchObject({ crm: 'LI WEI  a', resolvedBy: null });
    await longAgo();
    await world.sync();
    await world.sync();
    expect(await open()).toMatchObject([{ id: left?.id }]);
    expect((await world.people())[0]?.name).toBe('LI WEI  a');
    expect(await loadRule(db(), ['main'], rule.id)).toMatchObject({ decided: PEOPLE });
  });

  test('does not decide again what a person took back, and turns itself off, loudly, at the third', async () => {
    const rule = await ruleOn(await onlyGroup());
    await longAgo();
    await world.sync();
    const [one, two, three] = (await world.conflicts()).map(({ id }) => id);
    expect(await withdraw(one ?? '')).toBe('withdrawn');
    expect(await withdraw(two ?? '')).toBe('withdrawn');
    await longAgo();
    await world.sync();
    expect((await open()).map(({ id }) => id)).toEqual([one, two]);
    expect(await loadRule(db(), ['main'], rule.id)).toMatchObject({ undone: 2, offAt: null });
    // The third was carried out: its write is undone.
    const [link] = await ourRows(world, `select link_id from udesk_sync.conflict where id = ${three}`);
    expect((await cli.run('revert', '--link', String(link?.link_id), '--yes')).code).toBe(0);
    expect(await loadRule(db(), ['main'], rule.id)).toMatchObject({
      undone: 3,
      offReason: 'undone',
      offBy: 'udesk-sync',
    });
    await world.sync();
    await world.sync();
    expect(logged.filter(({ level, code }) => level === 50 && code === 'undone')).toMatchObject([
      { ruleId: rule.id },
    ]);
    expect((await verifyLog(db(), null)).faults).toEqual([]);
  });

  test('of two people who turn one on at once one does', async () => {
    const group = await onlyGroup();
    const all = await Promise.all(
      ['ann', 'bob', 'cy'].map((who) =>
        turnOn(db(), {
          ...group,
          take: 'udesk',
          agrees: 10,
          total: 10,
          includeOpen: true,
          who,
          at: new Date(),
        }),
      ),
    );
    expect(all.filter((rule) => rule !== null)).toHaveLength(1);
    expect(await ourRows(world, `select count(*)::int as n from udesk_sync.decision_log`)).toEqual([
      { n: 1 },
    ]);
  });

  test('never empties a field, whatever it was turned on for', async () => {
    const id = world.simulator.tenant.find('email', 'p0@example.com')?.id ?? '';
    await world.crm`update contact set name = ${name(0)} where 'p0@example.com' = any(emails)`;
    await world.sync();
    world.simulator.tenant.edit(id, { nick_name: '' });
    await world.crm`update contact set name = 'Somebody' where 'p0@example.com' = any(emails)`;
    await world.sync();
    const group = (await groups()).find(({ pattern }) => pattern.includes('emptied-in-udesk'));
    await ruleOn(group ?? expect.fail('nothing is blank'));
    await longAgo();
    await world.sync();
    expect(await open()).toHaveLength(PEOPLE);
  });

  test('ends with the mapping that it is about, and when the database went back', async () => {
    const group = await onlyGroup();
    await ruleOn(group);
    const other = await createWorld({
      pair: { fields: '[{ udesk: nick_name, crm: note }, { udesk: emails, crm: emails }]' },
    });
    Object.assign(world.pair.spec, { fields: other.pair.spec.fields });
    await other.close();
    await world.sync();
    expect(await ourRows(world, 'select off_reason from udesk_sync.review_rule')).toEqual([
      { off_reason: 'mapping-changed' },
    ]);
    await ruleOn(group);
    await ourRows(world, `update udesk_sync.pair set home = 'elsewhere'`);
    await world.sync();
    expect(await ourRows(world, 'select off_reason from udesk_sync.review_rule order by id')).toEqual([
      { off_reason: 'mapping-changed' },
      { off_reason: 'restored' },
    ]);
  });

  test.each([
    [
      'was never logged',
      `insert into udesk_sync.review_rule (pair, field, kind, pattern, take, agrees, total, from_conflict_id, on_by, on_at) values ('main', 'level', 'edit/edit', 'x', 'crm', 1, 1, 0, 'ann', now())`,
    ],
    ['is not what was logged', `update udesk_sync.review_rule set take = 'crm'`],
    ['is not what was logged', `update udesk_sync.review_rule set on_by = 'bob'`],
    ['is off, and nobody logged that', `update udesk_sync.review_rule set off_at = now()`],
    ['is not there any more', `delete from udesk_sync.review_rule`],
  ])('verify-log finds one that %s', async (fault, change) => {
    await ruleOn(await onlyGroup());
    expect((await verifyLog(db(), null)).faults).toEqual([]);
    await ourRows(world, change);
    expect((await verifyLog(db(), null)).faults).toEqual([expect.stringContaining(fault)]);
  });
});
