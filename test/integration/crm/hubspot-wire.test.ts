/** What the `hubspot` adapter makes of answers, of those that never come, and of a search that ends, lags and moves. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import type { MappedField } from '../../../src/crm/definition.ts';
import { createHubspotSide } from '../../../src/crm/hubspot/adapter.ts';
import type { HubspotLimits } from '../../../src/crm/hubspot/api.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import {
  CONTEXT,
  elements,
  failure,
  mustRead,
  person,
  readAll,
  scalar,
  setWrite,
  texts,
} from '../../conformance/harness.ts';
import { type HubspotCrm, startHubspotCrm } from '../../support/hubspot-crm.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';

const ONCE: HubspotLimits = { retry: { ...DEFAULT_RETRY, retries: 0 } };
/** For an answer that never comes; long enough for those that do on a busy machine. */
const IMPATIENT: HubspotLimits = { ...ONCE, timeouts: { headersMs: 1_500, totalMs: 5_000 } };
const closing: { close(): Promise<void> }[] = [];
let crm: HubspotCrm;

beforeEach(async () => {
  crm = keep(await startHubspotCrm());
});
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

function keep<T extends { close(): Promise<void> }>(one: T): T {
  closing.push(one);
  return one;
}

async function open(
  over: Readonly<Record<string, unknown>> = {},
  limits: HubspotLimits = ONCE,
  fields: readonly MappedField[] = CONTEXT.fields,
): Promise<Side> {
  const config = hubspotConfigSchema.parse({ ...crm.block, ...over });
  return keep(await createHubspotSide(config, { ...CONTEXT, fields }, limits));
}

const insert = (values: Readonly<Record<string, string>>) => crm.store.insert(values).id;
const contact = (id: string) => {
  const found = crm.store.all.get(id);
  if (found === undefined) throw new Error(`nobody has the id ${id}`);
  return found;
};

describe('what a failure proves', () => {
  test.each([
    ['cut-before', 'ambiguous', 0],
    ['cut-after', 'ambiguous', 1],
    ['silent-before', 'ambiguous', 0],
    ['silent-after', 'ambiguous', 1],
    ['unavailable', 'transient', 0],
    ['throttled', 'throttled', 0],
  ] as const)('P5: a create that meets "%s" is %s', async (kind, expected, made) => {
    const side = await open({}, kind.startsWith('silent') ? IMPATIENT : ONCE);
    crm.faults.push({ on: 'write', kind });
    const error = await failure(side.create({ patch: person({ name: 'one' }), marker: 'U1' }));
    expect(error).toMatchObject({ kind: expected, details: { side: 'crm', pair: 'test' } });
    if (kind === 'throttled') expect(error.details.retryAfterMs).toBe(7_000);
    expect(crm.store.all.size).toBe(made);
  });

  test.each([
    ['TEN_SECONDLY_ROLLING', null, 10_000],
    ['SECONDLY', null, 1_000],
    ['TEN_SECONDLY_ROLLING', '3', 3_000],
  ])(
    'a %s limit is waited out (Retry-After %s: %i ms), and the write is done once',
    async (name, retryAfter, waitMs) => {
      const slept: number[] = [];
      const made: string[] = [];
      const side = await open(
        {},
        {
          retry: { ...DEFAULT_RETRY, minDelayMs: 1, maxDelayMs: 2 },
          sleep: async (ms) => void slept.push(ms),
          onAttempt: ({ outcome, attempt }) => void made.push(`${attempt} ${outcome}`),
          monotonic: () => slept.reduce((sum, ms) => sum + ms, 0),
        },
      );
      crm.policy = { name, retryAfter };
      crm.faults.push({ on: 'write', kind: 'throttled' });
      await side.create({ patch: person({ name: 'one' }), marker: 'U1' });
      expect(slept[0]).toBe(waitMs);
      expect(made).toContain('1 throttled');
      expect(made).toContain('2 done');
      expect(crm.store.live()).toHaveLength(1);
    },
  );

  test('a daily limit is not waited for: the engine is told when to come back', async () => {
    const side = await open({}, { retry: DEFAULT_RETRY, sleep: () => Promise.reject(new Error('slept')) });
    crm.policy = { name: 'DAILY', retryAfter: null };
    crm.faults.push({ on: 'read', kind: 'throttled' });
    const error = await failure(side.read(insert({ firstname: 'one' })));
    expect(error).toMatchObject({ kind: 'throttled', details: { code: 'DAILY', retryAfterMs: 3_600_000 } });
  });

  test.each([
    [500, 'ambiguous', 'transient'],
    [502, 'ambiguous', 'transient'],
    [521, 'transient', 'transient'],
    [522, 'ambiguous', 'transient'],
    [477, 'transient', 'transient'],
    [403, 'auth', 'auth'],
    [400, 'rejected', 'rejected'],
  ])('HTTP %i is %s of a write and %s of a read', async (status, write, read) => {
    const server = keep(
      await startScriptedServer(({ method, path }) =>
        path.endsWith('/properties/contacts')
          ? { json: { results: [...crm.store.properties.values()] } }
          : method === 'DELETE' || path.endsWith('/6')
            ? { status, json: { status: 'error', message: 'no', category: 'X' } }
            : { json: { id: '7', properties: {}, archived: false } },
      ),
    );
    const side = await open({ baseUrl: server.origin });
    expect((await failure(side.delete('7'))).kind).toBe(write);
    expect((await failure(side.read('6'))).kind).toBe(read);
  });

  test('an answer in another shape is never "0 contacts", "not there" or "done"', async () => {
    const server = keep(
      await startScriptedServer(({ path }) =>
        path.endsWith('/properties/contacts')
          ? { json: { results: [...crm.store.properties.values()] } }
          : { text: path.endsWith('/upsert') ? '<html>' : '{"data":[]}' },
      ),
    );
    const side = await open({ baseUrl: server.origin });
    expect((await failure(readAll(side.enumerate()))).kind).toBe('contract');
    expect((await failure(side.read('7'))).kind).toBe('contract');
    expect((await failure(side.lookup('token', 'U1'))).kind).toBe('contract');
  });

  test('no error tells an address, a name, a number or the token', async () => {
    const id = insert({ firstname: 'x', email: 'first@example.com' });
    insert({ email: 'taken@example.com' });
    const side = await open({}, IMPATIENT);
    const current = await mustRead(side, id);
    const errors: Error[] = [];
    const add = (value: string) => {
      const patch = { emails: setWrite(elements(current, 'emails'), { add: [value] }) };
      return side.update({ id, current, patch });
    };
    errors.push(await failure(add('taken@example.com')), await failure(add('no-address 13800138000')));
    crm.faults.push({ on: 'write', kind: 'silent-before' });
    errors.push(await failure(add('late@example.com')));
    const stranger = await failure(open({ token: 'hidden-token' }));
    expect(stranger.kind).toBe('auth');
    expect([...errors, stranger].map(({ message }) => message).join('\n')).not.toMatch(
      /example\.com|13800138000|hidden|s3cret|no-address/,
    );
  });
});

describe('the search', () => {
  test('nobody is skipped beyond 10,000 results, nor of 10,500 changes of one millisecond, nor when contacts move meanwhile', async () => {
    const side = await open();
    let now = Date.parse('2026-01-01T00:00:00.000Z');
    crm.store.clock = () => now;
    const ids: string[] = [];
    const add = (count: number, stepMs: number) => {
      for (let at = 0; at < count; at += 1) {
        now += stepMs;
        ids.push(insert({ firstname: `p${at}` }));
      }
    };
    add(300, 1);
    add(10_500, 0);
    add(450, 7);
    const seen = new Set<string>();
    for await (const page of side.changes('2026-01-01T00:00:00.000Z')) {
      for (const { id } of page.records) seen.add(id);
      // The first two hundred have been read: one of them changes, and everybody behind it moves up by one.
      if (seen.size === 200) {
        now += 1;
        crm.store.edit(contact(ids[3] ?? ''), { note: 'moved' });
      }
    }
    expect(ids.filter((id) => !seen.has(id))).toEqual([]);
    const searches = crm.requests.filter(({ path }) => path.endsWith('/search'));
    expect(searches.some(({ body }) => 'after' in body)).toBe(false);
  });

  test('P5: what was just created is found by its marker and its e-mail while the search does not show it yet', async () => {
    const side = await open();
    crm.search.lags = true;
    const request = { patch: person({ name: 'one', emails: ['one@example.com'] }), marker: 'U1' };
    crm.faults.push({ on: 'write', kind: 'cut-after' });
    expect((await failure(side.create(request))).kind).toBe('ambiguous');
    const [found] = await side.lookup('token', 'U1');
    expect((await side.lookup('email', 'One@Example.com')).map(({ id }) => id)).toEqual([found?.id]);
    expect((await side.create(request)).id).toBe(found?.id);
    expect(crm.store.live()).toHaveLength(1);
  });

  test('P4: a contact that the search finds is shown as the record store holds it', async () => {
    const side = await open();
    const { end } = await readAll(side.enumerate());
    const id = insert({ firstname: 'old' });
    crm.search.lags = true;
    crm.store.edit(contact(id), { firstname: 'new' });
    const { records } = await readAll(side.changes(end.cursor ?? ''));
    expect(records).toMatchObject([{ id, fields: { name: 'new' } }]);
  });

  test('a phone is found in each slot, however it is written there', async () => {
    const side = await open();
    const ids = [
      insert({ firstname: 'a', mobilephone: '+86 138 0013 8000' }),
      insert({ firstname: 'b', phone: '138-0013-8000' }),
      insert({ firstname: 'c', phone: '+8613800138000' }),
    ];
    insert({ firstname: 'd', phone: '13800138001' });
    const found = await side.lookup('cellphone', '13800138000');
    expect(found.map(({ id }) => id).sort()).toEqual(ids);
  });
});

describe('e-mails', () => {
  const EDITS: readonly (readonly [held: string, remove: string, add: string, after: string])[] = [
    ['a', '', 'b', 'a b'],
    ['a b', 'a', '', 'b'],
    ['a b c', 'a b', '', 'c'],
    ['a b', 'a', 'c', 'c b'],
    ['a', 'a', 'b c', 'b c'],
    ['a b', 'a b', '', ''],
    ['a b c', 'b', 'd', 'a c d'],
    ['', '', 'a b', 'a b'],
    ['a b', 'a b', 'c', 'c'],
  ];
  const address = (name: string) => `${name}@example.com`;
  const list = (names: string) => (names === '' ? [] : names.split(' ').map(address));

  test.each(['dropped', 'kept'] as const)(
    'every change of the set ends as planned, whether a replaced primary one is %s',
    async (replaced) => {
      crm.store.switches.replaced = replaced;
      const side = await open();
      for (const [held, remove, add, after] of EDITS) {
        const id = insert({ firstname: 'x' });
        crm.store.setEmails(contact(id), list(held));
        const current = await mustRead(side, id);
        const now = elements(current, 'emails');
        const gone = now.filter(({ value }) => list(remove).includes(value));
        const patch = { emails: setWrite(now, { remove: gone, add: list(add) }) };
        const updated = await side.update({ id, current, patch });
        expect(crm.store.emails(contact(id)).sort()).toEqual(list(after).sort());
        expect(crm.store.value(contact(id), 'email') || undefined).toBe(list(after)[0]);
        expect(texts(updated, 'emails')).toEqual(list(after).sort());
        crm.store.archive(contact(id));
      }
    },
  );

  test('an edited primary address is edited in place, and an address that somebody added meanwhile stays', async () => {
    const side = await open();
    const id = insert({ email: 'a@example.com' });
    crm.store.addOther(contact(id), 'b@example.com');
    const current = await mustRead(side, id);
    const now = elements(current, 'emails');
    const edit = setWrite(now, { change: [{ id: null, from: 'a@example.com', to: 'new@example.com' }] });
    crm.onRequest = ({ method }) => {
      if (method === 'PATCH') crm.store.addOther(contact(id), 'meanwhile@example.com');
    };
    await side.update({ id, current, patch: { emails: edit } });
    expect(crm.store.emails(contact(id))).toEqual([
      'new@example.com',
      'b@example.com',
      'meanwhile@example.com',
    ]);
  });

  test('a refused address is refused before anything is written; after a part was, only a look can tell', async () => {
    const side = await open();
    const id = insert({ firstname: 'one', email: 'a@example.com' });
    const taken = insert({ email: 'taken@example.com' });
    const update = async (add: readonly string[]) => {
      const current = await mustRead(side, id);
      const patch = {
        name: scalar(current.fields.name ?? null, 'two'),
        emails: setWrite(elements(current, 'emails'), { add }),
      };
      return await failure(side.update({ id, current, patch }));
    };
    const first = await update(['taken@example.com', 'b@example.com']);
    expect(first).toMatchObject({ kind: 'rejected', details: { record: id, code: 'duplicate' } });
    expect(first.message).toContain(`contact ${taken} holds it`);
    expect(crm.store.emails(contact(id))).toEqual(['a@example.com']);
    expect((await update(['b@example.com', 'taken@example.com'])).kind).toBe('ambiguous');
    expect(crm.store.emails(contact(id))).toEqual(['a@example.com', 'b@example.com']);
    expect(crm.store.value(contact(id), 'firstname')).toBe('one');
    expect((await update(['taken@example.com'])).kind).toBe('rejected');
  });

  test('P5: a create whose second address is refused is one contact, and told as unknown', async () => {
    const side = await open();
    insert({ email: 'taken@example.com' });
    const patch = person({ name: 'one', emails: ['one@example.com', 'taken@example.com'] });
    expect((await failure(side.create({ patch, marker: 'U1' }))).kind).toBe('ambiguous');
    expect((await side.lookup('token', 'U1')).map((record) => texts(record, 'emails'))).toEqual([
      ['one@example.com'],
    ]);
  });
});

describe('contacts', () => {
  test.each(['whole', 'row'] as const)(
    'a create of somebody who exists is refused, told as a %s',
    async (batchErrors) => {
      crm.store.switches.batchErrors = batchErrors;
      const side = await open();
      const id = insert({ email: 'a@example.com' });
      const patch = person({ name: 'one', emails: ['a@example.com'] });
      const error = await failure(side.create({ patch, marker: 'U1' }));
      expect(error).toMatchObject({ kind: 'rejected', details: { code: 'duplicate' } });
      expect(error.message).toContain(`contact ${id} holds it`);
      expect(crm.store.live()).toHaveLength(1);
    },
  );

  const MERGED_LISTED = ['no', 'without a time', 'since the merge'] as const;

  test.each(MERGED_LISTED)(
    'P7: merged contacts are no deletions, listed among the archived ones: %s',
    async (listed) => {
      crm.store.switches.mergedListed = listed;
      const side = await open();
      const [winner, loser] = [insert({ firstname: 'w' }), insert({ firstname: 'l' })].map(contact);
      if (winner === undefined || loser === undefined) throw new Error('two were made');
      const { end } = await readAll(side.enumerate());
      const gone = insert({ firstname: 'gone' });
      crm.store.archive(contact(gone));
      const merged = crm.store.merge(winner, loser);
      for (const look of [() => side.changes(end.cursor ?? ''), () => side.enumerate()])
        expect(await readAll(look())).toMatchObject({ ids: [merged.id], deletedIds: [gone] });
      for (const { id } of [winner, loser]) expect(await side.read(id)).toBeNull();
    },
  );

  test.each(MERGED_LISTED)(
    'P7: whoever was merged before a full look began is no deletion of it, listed among the archived ones: %s',
    async (listed) => {
      crm.store.switches.mergedListed = listed;
      crm.store.clock = () => Date.now() - 3_600_000;
      const [winner, loser] = [insert({ firstname: 'w' }), insert({ firstname: 'l' })].map(contact);
      if (winner === undefined || loser === undefined) throw new Error('two were made');
      const merged = crm.store.merge(winner, loser);
      crm.store.clock = Date.now;
      expect(await readAll((await open()).enumerate())).toMatchObject({ ids: [merged.id], deletedIds: [] });
    },
  );

  test('the Udesk id of one contact is refused for another', async () => {
    const side = await open();
    insert({ firstname: 'one', udesk_id: 'U1' });
    const id = insert({ firstname: 'two' });
    const current = await mustRead(side, id);
    const error = await failure(side.update({ id, current, patch: {}, externalId: 'U1' }));
    expect(error).toMatchObject({ kind: 'rejected', details: { code: 'duplicate' } });
  });

  test('texts of every kind come back unchanged', async () => {
    const side = await open();
    for (const text of [
      `O'Neil "the" \\ {a;b} %s`,
      '张伟 👩‍👩‍👧‍👦 𠮷',
      '9007199254740993',
      'null',
      ' kept ',
      '长'.repeat(10_000),
    ]) {
      const made = await side.create({ patch: person({ name: 'x', note: text }), marker: `m${text.length}` });
      expect(made.fields.note).toBe(text);
      await side.delete(made.id);
    }
  });

  test('options and booleans travel as the pair maps them', async () => {
    const options = ['red', 'green', 'blue'];
    crm.store.define('colours', { type: 'enumeration', fieldType: 'checkbox', options });
    const fields: readonly MappedField[] = [
      { name: 'colours', shape: 'set', equivalence: 'text' },
      { name: 'hs_marketable', shape: 'scalar', equivalence: 'boolean' },
    ];
    const side = await open({ properties: {} }, ONCE, fields);
    const id = insert({ firstname: 'x', colours: 'red;green', hs_marketable: 'true' });
    const current = await mustRead(side, id);
    expect(current.fields).toEqual({
      colours: [
        { id: null, value: 'red' },
        { id: null, value: 'green' },
      ],
      hs_marketable: true,
    });
    const change = setWrite(elements(current, 'colours'), {
      remove: [{ id: null, value: 'red' }],
      add: ['blue'],
    });
    await side.update({ id, current, patch: { colours: change, hs_marketable: scalar(true, false) } });
    expect(crm.store.value(contact(id), 'colours')).toBe('green;blue');
    expect(crm.store.value(contact(id), 'hs_marketable')).toBe('false');
  });

  test('a property that is deleted in HubSpot is not told any more; it does not look as if everybody had cleared it', async () => {
    const side = await open();
    const id = insert({ firstname: 'x', note: 'n' });
    crm.store.properties.delete('note');
    expect(Object.keys((await mustRead(side, id)).fields).sort()).toEqual(['emails', 'name', 'phones']);
  });

  test('the history tells who changed what, the newest first, for each address of its own', async () => {
    const side = await open();
    // All of it within one millisecond: the order in which HubSpot tells it is all that is left.
    const now = Date.now();
    crm.store.clock = () => now;
    const id = insert({ firstname: 'one', email: 'a@example.com' });
    crm.store.addOther(contact(id), 'b@example.com');
    crm.store.edit(contact(id), { firstname: 'two' });
    await side.update({ id, current: await mustRead(side, id), patch: { name: scalar('two', 'three') } });
    const { items, last } = (await side.history?.(id, 1)) ?? {};
    expect(last).toBe(true);
    const told = items?.flatMap(({ author, changes }) => (changes ?? []).map((one) => [author?.id, one]));
    expect(told?.filter(([, change]) => (change as { field: string }).field === 'name')).toEqual([
      ['INTEGRATION:4242', { field: 'name', from: 'two', to: 'three' }],
      ['user:77', { field: 'name', from: 'one', to: 'two' }],
      ['user:77', { field: 'name', to: 'one' }],
    ]);
    expect(told).toContainEqual(['user:77', { field: 'emails', from: null, to: 'b@example.com' }]);
    expect(told).toContainEqual(['user:77', { field: 'emails', to: 'a@example.com' }]);
  });
});

describe('the account', () => {
  test('another account is another fingerprint, and few calls left are told', async () => {
    const side = await open();
    const before = await side.fingerprint();
    expect(await side.fingerprint()).toBe(before);
    crm.portalId += 1;
    expect(await side.fingerprint()).not.toBe(before);
    crm.dailyLeft = 1_000;
    const { findings } = await side.check();
    expect(findings.map(({ message }) => message).join('\n')).toContain('1000 of the 250000 calls');
  });

  test('everything that does not fit is told at once, with what was probably meant', async () => {
    crm.store.define('udesk_code');
    const fields: readonly MappedField[] = [
      { name: 'firstnam', shape: 'scalar', equivalence: 'text' },
      { name: 'lastname', shape: 'set', equivalence: 'text' },
      { name: 'phones', shape: 'set', equivalence: 'phone' },
      { name: 'phone', shape: 'scalar', equivalence: 'phone' },
    ];
    const over = {
      externalId: 'udesk_code',
      properties: { nam: 'firstname' },
      phones: ['phone', 'mobilphone'],
    };
    const error = await failure(open(over, ONCE, fields));
    expect(error.kind).toBe('config');
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(5);
    for (const part of [
      'no property "firstnam". Did you mean "firstname"?',
      '"lastname" holds one value',
      'crm.phones: contacts have no property "mobilphone". Did you mean "mobilephone"?',
      'crm.properties.nam: the pair maps no field of this name',
      'crm.externalId: the property "udesk_code" does not have unique values',
    ])
      expect(error.message).toContain(part);
    const twice = await failure(open({ phones: ['phone'], properties: {} }, ONCE, fields.slice(2)));
    expect(twice.message).toContain('"phones" and "phone" both stand in the property "phone"');
  });

  test('P10: in no ten seconds do more calls leave than the limit, nor more searches in a second', async () => {
    let now = 0;
    const at: { readonly ms: number; readonly search: boolean }[] = [];
    crm.onRequest = ({ path }) => at.push({ ms: now, search: path.endsWith('/search') });
    const side = await open(
      { limits: { perTenSeconds: 20, searchesPerSecond: 3 } },
      {
        ...ONCE,
        monotonic: () => now,
        sleep: async (ms) => {
          now += ms;
        },
      },
    );
    for (let round = 0; round < 40; round += 1) await side.lookup('cellphone', '13800138000');
    const most = (times: readonly number[], windowMs: number) =>
      Math.max(...times.map((from) => times.filter((ms) => ms >= from && ms < from + windowMs).length));
    const searches = at.filter(({ search }) => search).map(({ ms }) => ms);
    expect(searches).toHaveLength(40);
    expect(most(searches, 1_000)).toBe(3);
    expect(
      most(
        at.map(({ ms }) => ms),
        10_000,
      ),
    ).toBe(20);
  });
});
