/** What Salesforce answers, and what the adapter makes of it: sessions, limits, refusals, times, merges, bulk jobs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import type { AdapterContext } from '../../../src/crm/definition.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import type { ApiLimits } from '../../../src/crm/salesforce/api.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import {
  CONTEXT,
  elements,
  failure,
  held,
  mustRead,
  person,
  readAll,
  scalar,
  setWrite,
  texts,
} from '../../conformance/harness.ts';
import type { CrmRequest } from '../../support/crm-server.ts';
import { API_USER, OTHER_USER } from '../../support/salesforce/org.ts';
import { type SalesforceCrm, startSalesforce } from '../../support/salesforce/server.ts';

const BY_PERSON = { user: OTHER_USER };

let crm: SalesforceCrm;
let waits: number[];
let monotonicMs: number;
const open: Side[] = [];

beforeEach(async () => {
  crm = await startSalesforce();
  waits = [];
  monotonicMs = 0;
});
afterEach(async () => {
  for (const side of open.splice(0)) await side.close();
  await crm.close();
});

async function sideOf(
  block: Readonly<Record<string, unknown>> = {},
  limits: ApiLimits = {},
  context: AdapterContext = CONTEXT,
): Promise<Side> {
  const config = salesforceConfigSchema.parse({ ...crm.block, limits: { perMinute: 1_000_000 }, ...block });
  const side = await createSalesforceSide(config, context, {
    retry: { ...DEFAULT_RETRY, retries: 1, minDelayMs: 1, maxDelayMs: 1 },
    monotonic: () => monotonicMs,
    sleep: async (ms) => {
      waits.push(ms);
      crm.org.advance(ms);
    },
    ...limits,
  });
  open.push(side);
  return side;
}

/** A contact that was last saved some seconds ago. */
function contact(values: Record<string, unknown> = {}): string {
  const row = crm.org.insert('Contact', { LastName: 'Li Lei', ...values }, BY_PERSON);
  crm.org.advance(5_000);
  return String(row.Id);
}

/** A look at this one record. */
const isLook = ({ query }: CrmRequest, id: string) => query.get('q')?.includes(`Id = '${id}'`) === true;
const patches = () => crm.requests.filter(({ method }) => method === 'PATCH');

test('every attempt that left is told once', async () => {
  const told: string[] = [];
  const side = await sideOf(
    {},
    { onAttempt: ({ outcome, attempt }) => void told.push(`${attempt} ${outcome}`) },
  );
  const opening = told.length;
  contact();
  await readAll(side.enumerate());
  const reading = told.splice(opening);
  expect(reading.length).toBeGreaterThan(0);
  expect(new Set([...told, ...reading])).toEqual(new Set(['1 done']));
});

describe('two edits at once', () => {
  test('P2: an edit of a later second than our look is not written over', async () => {
    const side = await sideOf();
    const id = contact();
    const current = await mustRead(side, id);
    crm.onRequest = ({ method }) => {
      if (method !== 'PATCH') return;
      crm.onRequest = () => {};
      crm.org.update('Contact', id, { Description: 'by a person' }, BY_PERSON);
    };
    const update = { id, current, patch: { note: scalar(null, 'by us') } };
    const error = await failure(side.update(update));
    expect(error).toMatchObject({ kind: 'stale', details: { record: id, code: 'PRECONDITION_FAILED' } });
    expect((await mustRead(side, id)).fields.note).toBe('by a person');
  });

  test('P2: a look counts only once the second of the last edit is over: what was saved in it is seen', async () => {
    const side = await sideOf();
    const row = crm.org.insert('Contact', { LastName: 'Li Lei' }, BY_PERSON);
    const id = String(row.Id);
    const current = await mustRead(side, id);
    // Saved in the very second of our first look: its time is the one that we have already.
    let looked = false;
    crm.onRequest = (request) => {
      if (!isLook(request, id)) return;
      if (looked) return;
      looked = true;
      queueMicrotask(() => Object.assign(row, { Description: 'in the same second' }));
    };
    const error = await failure(side.update({ id, current, patch: { note: scalar(null, 'by us') } }));
    expect(error.kind).toBe('stale');
    expect(waits).toContain(1_000);
    expect(row.Description).toBe('in the same second');
  });

  test('a record that is saved again and again is left alone for now', async () => {
    const side = await sideOf();
    const id = contact();
    const current = await mustRead(side, id);
    crm.onRequest = ({ method }) => {
      if (method === 'GET') crm.org.update('Contact', id, { Tier__c: 'gold' }, BY_PERSON);
    };
    expect((await failure(side.update({ id, current, patch: { note: scalar(null, 'x') } }))).kind).toBe(
      'stale',
    );
    expect(patches()).toEqual([]);
  });

  test('an automated process moves no LastModifiedDate: such an edit is seen by the look, and not by the condition', async () => {
    const side = await sideOf();
    const id = contact();
    const current = await mustRead(side, id);
    crm.org.automated('Contact', id, { Description: 'by a flow' });
    const patch = { note: scalar(null, 'by us') };
    expect((await failure(side.update({ id, current, patch }))).kind).toBe('stale');
    expect(side.manifest.compareAndSet).toBe(false);
  });

  test('what the answer of a write tells is a reading, unless nobody else works as our user', async () => {
    const id = contact();
    const shared = await sideOf();
    const first = await shared.update({
      id,
      current: await mustRead(shared, id),
      patch: { note: scalar(null, 'one') },
    });
    expect(first.reread).toEqual(['note']);

    crm.org.advance(5_000);
    const own = await sideOf({ ownUser: true });
    const current = await mustRead(own, id);
    const second = await own.update({ id, current, patch: { note: scalar('one', 'two') } });
    expect(second).toEqual(held(second));

    crm.org.advance(5_000);
    const now = await mustRead(own, id);
    crm.onRequest = (request) => {
      if (!isLook(request, id) || patches().length < 3) return;
      crm.onRequest = () => {};
      crm.org.update('Contact', id, { Description: 'three' }, BY_PERSON);
    };
    const third = await own.update({ id, current: now, patch: { name: scalar('Li Lei', 'Li Lei 2') } });
    expect(third.reread).toEqual(['name']);
  });
});

describe('refusals', () => {
  test('name the field of the pair, the other record and what to do, and no value of a customer', async () => {
    const side = await sideOf();
    const other = contact({ Email: 'han@example.com', Udesk_Id__c: 'u1' });
    const id = contact();
    const current = await mustRead(side, id);
    crm.org.duplicateRule = 'block';
    const emails = (value: string) => ({ emails: setWrite(elements(current, 'emails'), { add: [value] }) });
    const twin = await failure(side.update({ id, current, patch: emails('han@example.com') }));
    expect(twin).toMatchObject({ kind: 'rejected', details: { code: 'DUPLICATES_DETECTED', record: id } });
    expect(twin.message).toContain(other);
    expect(twin.details.advice).toContain('duplicateRules');

    const bad = await failure(side.update({ id, current, patch: emails('li.lei at example') }));
    expect(bad).toMatchObject({
      kind: 'rejected',
      details: { code: 'INVALID_EMAIL_ADDRESS', field: 'emails', record: id },
    });
    const taken = await failure(side.update({ id, current, patch: {}, externalId: 'u1' }));
    expect(taken).toMatchObject({ kind: 'rejected', details: { code: 'DUPLICATE_VALUE' } });
    expect(taken.message).toContain(other.slice(0, 15));
    const long = await failure(
      side.update({ id, current, patch: { name: scalar('Li Lei', 'x'.repeat(81)) } }),
    );
    expect(long).toMatchObject({ kind: 'rejected', details: { field: 'name' } });
    for (const error of [twin, bad, taken, long])
      expect(error.message).not.toMatch(/han@example|li\.lei|xxxxx|Li Lei/);
  });

  test('of a rule that only alerts are overruled where the config says so', async () => {
    contact({ Email: 'han@example.com' });
    crm.org.duplicateRule = 'alert';
    const request = { patch: person({ name: 'Han', emails: ['han@example.com'] }), marker: 'u1' };
    expect((await failure((await sideOf()).create(request))).details.code).toBe('DUPLICATES_DETECTED');
    const made = await (await sideOf({ duplicateRules: 'allow' })).create(request);
    expect(made.externalId).toBe('u1');
  });

  test('a locked row is tried again, and the write is done once', async () => {
    const side = await sideOf();
    const id = contact();
    const current = await mustRead(side, id);
    const writes = crm.org.writes;
    crm.faults.push({ on: 'write', kind: 'unavailable' });
    await side.update({ id, current, patch: { note: scalar(null, 'x') } });
    expect(crm.org.writes).toBe(writes + 1);
  });

  test('no answer to a write is ambiguous, whether it was done or not; then the record tells', async () => {
    const side = await sideOf({}, { timeouts: { headersMs: 80 } });
    const id = contact();
    const current = await mustRead(side, id);
    const update = { id, current, patch: { note: scalar(null, 'x') } };
    crm.faults.push({ on: 'write', kind: 'silent-before' });
    expect((await failure(side.update(update))).kind).toBe('ambiguous');
    expect((await mustRead(side, id)).fields.note).toBeNull();
    crm.faults.push({ on: 'write', kind: 'silent-after' });
    expect((await failure(side.update(update))).kind).toBe('ambiguous');
    expect((await mustRead(side, id)).fields.note).toBe('x');

    const create = { patch: person({ name: 'Han' }), marker: 'u9' };
    crm.faults.push({ on: 'write', kind: 'silent-after' });
    expect((await failure(side.create(create))).kind).toBe('ambiguous');
    await side.create(create);
    expect(crm.org.live('Contact')).toHaveLength(2);
  });

  test('P2: a create whose marker is there already writes nothing over what a person did since', async () => {
    const side = await sideOf();
    const create = { patch: person({ name: 'Han', note: 'from Udesk' }), marker: 'u9' };
    const { id } = await side.create(create);
    crm.org.update('Contact', id, { Description: 'by a person' }, BY_PERSON);
    expect((await side.create(create)).fields.note).toBe('by a person');
  });
});

describe('limits', () => {
  test('a spent day is throttled for a quarter of an hour, without hammering', async () => {
    const side = await sideOf();
    crm.faults.push({ on: 'read', kind: 'throttled' });
    const before = crm.requests.length;
    const error = await failure(side.read(contact()));
    expect(error).toMatchObject({
      kind: 'throttled',
      details: { code: 'REQUEST_LIMIT_EXCEEDED', retryAfterMs: 900_000 },
    });
    expect(crm.requests.length).toBe(before + 1);
  });

  test('beyond our share of the day nothing is sent; after a while one call asks again', async () => {
    const side = await sideOf({ limits: { perMinute: 1_000_000, dailyShare: 0.5 } });
    const id = contact();
    crm.usage.used = 50_000;
    await side.read(id);
    const before = crm.requests.length;
    const error = await failure(side.read(id));
    expect(error).toMatchObject({
      kind: 'throttled',
      details: { code: 'daily-share', retryAfterMs: 900_000 },
    });
    expect(error.message).toContain('50 %');
    expect(crm.requests.length).toBe(before);

    monotonicMs += 900_001;
    crm.usage.used = 100;
    expect(await side.read(id)).not.toBeNull();
    expect(await side.read(id)).not.toBeNull();
  });

  test('the session is asked for once for all that wait, and a secret is never told', async () => {
    const side = await sideOf();
    const id = contact();
    crm.endTokens();
    const before = crm.tokens;
    await Promise.all([side.read(id), side.read(id), side.read(id)]);
    expect(crm.tokens - before).toBeLessThanOrEqual(3);

    const refused = await failure(sideOf({ clientSecret: 'wrong-s3cret' }));
    expect(refused).toMatchObject({ kind: 'auth', details: { code: 'invalid_client', pair: 'test' } });
    expect(JSON.stringify([refused.message, refused.details])).not.toContain('wrong-s3cret');
  });
});

describe('looking', () => {
  test('P7: more records of one second than a page holds are all seen, each once', async () => {
    const side = await sideOf({}, { pageRecords: 50 });
    const { cursor } = (await readAll(side.enumerate())).end;
    const ids = crm.org.plant('Contact', { LastName: 'planted' }, 230).map((row) => String(row.Id));
    const seen = await readAll(side.changes(cursor ?? ''));
    expect(seen.ids).toEqual(ids);
    expect((await readAll(side.enumerate())).ids).toEqual(ids);
  });

  test('a place in a result that Salesforce forgot is found again by the last record', async () => {
    const side = await sideOf({}, { pageRecords: 100 });
    const ids = crm.org.plant('Contact', { LastName: 'planted' }, 230).map((row) => String(row.Id));
    crm.context.batchRecords = 40;
    let forgotten = 0;
    crm.onRequest = ({ path }) => {
      if (!path.includes('/queryAll/') || forgotten > 1) return;
      forgotten += 1;
      crm.context.locators.clear();
    };
    const { ids: seen, end } = await readAll(side.enumerate());
    expect(seen).toEqual(ids);
    expect(end.certified).toBe(true);
    expect(forgotten).toBe(2);
  });

  test('of a merge the loser is shown as deleted and the survivor as changed', async () => {
    const side = await sideOf();
    const [winner, loser] = [contact(), contact()];
    const { cursor } = (await readAll(side.enumerate())).end;
    crm.org.merge('Contact', winner, loser);
    const seen = await readAll(side.changes(cursor ?? ''));
    expect(seen.deletedIds).toEqual([loser]);
    expect(seen.mergedInto).toEqual({ [loser]: winner });
    expect(seen.ids).toContain(winner);
    expect(await side.read(loser)).toBeNull();
  });

  test('a position from before the memory of the Recycle Bin asks for a full reading', async () => {
    const side = await sideOf();
    const old = new Date(Date.now() - 15 * 86_400_000).toISOString();
    expect((await failure(readAll(side.changes(old)))).kind).toBe('cursor-expired');
  });

  test('P7: a bulk job that fails, or gives fewer rows than it found, certifies nothing', async () => {
    const side = await sideOf({ bulkAbove: 0 }, { pageRecords: 2 });
    crm.org.plant('Contact', { LastName: 'planted' }, 45);
    crm.bulk.ends = 'Failed';
    expect((await failure(readAll(side.enumerate()))).kind).toBe('transient');
    crm.bulk.loses = 1;
    const short = await readAll(side.enumerate());
    expect(short.end).toMatchObject({ certified: false, reason: expect.stringContaining('45') });
    crm.bulk.loses = 0;
    crm.bulk.polls = 3;
    const whole = await readAll(side.enumerate());
    expect(whole.end).toMatchObject({ certified: true });
    expect(whole.ids).toHaveLength(45);
    expect(crm.bulk.jobs.size).toBe(0);
  });

  test('a value with quotes and wildcards in it is a value, in every search', async () => {
    const side = await sideOf();
    const id = contact({ Udesk_Id__c: `u'1\\ OR Name != '` });
    contact({ Udesk_Id__c: 'u2' });
    expect((await side.lookup('token', `u'1\\ OR Name != '`)).map((one) => one.id)).toEqual([id]);
    for (const value of ["' OR Id != '", '%', '_', "\\' OR Id != '"]) {
      expect(await side.lookup('token', value)).toEqual([]);
      expect(await side.lookup('email', value)).toEqual([]);
      expect(await side.lookup('cellphone', value)).toEqual([]);
    }
  });
});

describe('fields of every type', () => {
  const FIELDS: AdapterContext['fields'] = [
    { name: 'tier', shape: 'scalar', equivalence: 'text' },
    { name: 'tags', shape: 'set', equivalence: 'text' },
    { name: 'optOut', shape: 'scalar', equivalence: 'boolean' },
    { name: 'score', shape: 'scalar', equivalence: 'number' },
    { name: 'birthday', shape: 'scalar', equivalence: 'text' },
    { name: 'calledAt', shape: 'scalar', equivalence: 'text' },
  ];
  const block = {
    externalId: 'Udesk_Id__c',
    fields: {
      tier: 'Tier__c',
      tags: 'Tags__c',
      optOut: 'Opt_Out__c',
      score: 'Score__c',
      birthday: 'Birthday__c',
      calledAt: 'Called_At__c',
    },
    onCreate: { LastName: 'Person' },
  };

  test('come back as they were written, by queries and in bulk', async () => {
    const side = await sideOf(block, {}, { ...CONTEXT, fields: FIELDS });
    const patch = {
      tier: scalar(null, 'gold'),
      tags: setWrite([], { add: ['vip', 'press'] }),
      optOut: scalar(false, true),
      score: scalar(null, '12.5'),
      birthday: scalar(null, '1990-02-28'),
      calledAt: scalar(null, '2024-01-31T23:59:59.000Z'),
    };
    const made = await side.create({ patch, marker: 'u1' });
    expect(made.fields).toMatchObject({
      tier: 'gold',
      optOut: true,
      score: '12.5',
      birthday: '1990-02-28',
      calledAt: '2024-01-31T23:59:59.000Z',
    });
    expect(texts(made, 'tags')).toEqual(['press', 'vip']);
    const inBulk = await sideOf({ ...block, bulkAbove: 0 }, {}, { ...CONTEXT, fields: FIELDS });
    expect((await readAll(inBulk.enumerate())).records).toEqual([held(made)]);

    crm.org.advance(5_000);
    const current = await mustRead(side, made.id);
    const tags = elements(current, 'tags');
    const edited = await side.update({
      id: made.id,
      current,
      patch: {
        tags: setWrite(tags, { remove: tags.slice(0, 1), add: ['partner'] }),
        score: scalar('12.5', null),
      },
    });
    expect(texts(edited, 'tags')).toEqual(['partner', 'press']);
    expect(edited.fields.score).toBeNull();
  });

  test('what has no such form is refused by name before anything is sent', async () => {
    const side = await sideOf(block, {}, { ...CONTEXT, fields: FIELDS });
    const id = contact();
    const current = await mustRead(side, id);
    for (const [field, value] of [
      ['optOut', null],
      ['score', 'many'],
      ['birthday', 'yesterday'],
      ['calledAt', 'noon'],
    ] as const) {
      const before = current.fields[field] ?? null;
      const error = await failure(side.update({ id, current, patch: { [field]: scalar(before, value) } }));
      expect(error).toMatchObject({ kind: 'rejected', details: { field } });
    }
    expect(patches()).toEqual([]);
  });

  test('leads are another object, with a company of their own', async () => {
    const side = await sideOf({ object: 'Lead', onCreate: { Company: 'Unknown' } });
    const made = await side.create({ patch: person({ name: 'Han' }), marker: 'u1' });
    expect(made.id).toMatch(/^00Q/);
    expect(crm.org.live('Lead')).toMatchObject([{ Company: 'Unknown', LastName: 'Han' }]);
    expect(await side.read(contact())).toBeNull();
  });
});

describe('a configuration that does not fit the org', () => {
  test('is refused with everything that is wrong at once, and how to mend it', async () => {
    crm.org.field('Contact', 'Description').mayRead = false;
    const error = await failure(
      sideOf({
        externalId: 'Tier__c',
        fields: { name: 'LastNam', emails: ['Email', 'Email'], phones: ['MobilePhone'], tier: 'Tier__c' },
        onCreate: { Name: 'x' },
      }),
    );
    expect(error.kind).toBe('config');
    const lines = error.message.split('\n');
    expect(lines).toEqual([
      expect.stringContaining('crm.fields.tier: the pair maps no field of this name'),
      expect.stringMatching(/crm\.fields\.name: .*LastNam.*LastName/),
      expect.stringContaining('crm.fields.note: Contact has no field note'),
      expect.stringContaining('Email is mapped twice'),
      expect.stringContaining('crm.onCreate.Name: the user may not set it'),
      expect.stringContaining('tick "External ID" and "Unique"'),
      expect.stringContaining('make a field of type Text'),
    ]);
  });

  test('`check` tells what the user may not do, what a new record lacks, and that it was never tried live', async () => {
    crm.org.field('Contact', 'MobilePhone').mayUpdate = false;
    crm.org.viewAll = false;
    const side = await sideOf({ externalId: 'Loose_Id__c', fields: { ...FIRST_NAME } });
    const { findings, count } = await side.check();
    const words = findings.map(({ level, message, advice }) => `${level}: ${message} ${advice ?? ''}`);
    for (const expected of [
      /^warning: not yet verified against the live service/,
      /^warning: Loose_Id__c is not unique.*tick "Unique"/,
      /^warning: the user may not write MobilePhone.*give Edit Access to MobilePhone/,
      /^warning: a new Contact needs LastName/,
      /^warning: the user does not see all records of Contact.*View All Records/,
      /^info: crm.history is off/,
      /^info: \d+ of 100000 API calls/,
    ])
      expect(words).toContainEqual(expect.stringMatching(expected));
    expect(count).toBe(0);
    expect(side.manifest).toMatchObject({
      mayHide: true,
      externalId: { unique: false },
      readOnlyFields: ['phones'],
    });
    expect(crm.org.writes).toBe(0);
  });
});

const FIRST_NAME = {
  name: 'FirstName',
  note: 'Description',
  emails: ['Email', 'Email_2__c'],
  phones: ['MobilePhone', 'Phone'],
};

describe('the history of fields', () => {
  test('tells who replaced which value by which, in the names of the pair', async () => {
    crm.org.trackHistory = true;
    for (const name of ['LastName', 'MobilePhone', 'Description'])
      crm.org.field('Contact', name).tracked = true;
    const side = await sideOf({ history: true });
    const id = contact({ MobilePhone: '1' });
    crm.org.update('Contact', id, { MobilePhone: '2', LastName: 'Han', Description: 'x' }, BY_PERSON);
    crm.org.advance(5_000);
    const current = await mustRead(side, id);
    await side.update({ id, current, patch: { name: scalar('Han', 'Han 2') } });

    const page = await side.history?.(id, 1);
    expect(page?.last).toBe(true);
    expect(page?.items.map(({ author, changes }) => [author?.id, ...(changes ?? [])])).toEqual([
      [API_USER, { field: 'name', from: 'Han', to: 'Han 2' }],
      [OTHER_USER, { field: 'note' }],
      [OTHER_USER, { field: 'name', from: 'Li Lei', to: 'Han' }],
      [OTHER_USER, { field: 'phones', from: '1', to: '2' }],
    ]);
    expect((await side.check()).findings.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/history of Email, .* is not tracked/),
    );
  });

  test('that the org does not keep is told as such', async () => {
    const side = await sideOf({ history: true });
    expect((await failure(side.history?.(contact(), 1) as Promise<unknown>)).kind).toBe('contract');
  });
});
