import { afterEach, describe, expect, it } from 'vitest';
import { decodeCustomer } from '../../../src/udesk/decode-customer.ts';
import { readAnswer } from '../../../src/udesk/errors.ts';
import { parseUdeskJson } from '../../../src/udesk/json.ts';
import { createUdeskSide } from '../../../src/udesk/side.ts';
import { startTenantClient, type TenantClient } from '../../support/tenant-client.ts';

/** The customer that this text describes, its fields only. */
function fields(members: string) {
  const decoded = decodeCustomer(parseUdeskJson(`{"id":1,${members}}`));
  if (!decoded.ok) throw new Error(decoded.dropped.reason);
  return decoded.record.fields;
}

const set = (...elements: [string | null, string][]) => elements.map(([id, value]) => ({ id, value }));
const context = {
  target: 'POST /customers',
  write: true,
  signedAtMs: 0,
  expects: 'customer',
  namesCustomer: false,
};
const answer = (text: string, status = 200) => readAnswer({ status, headers: {}, text }, context);

describe('every variant of api.md §4, by its name', () => {
  it('E1: code and customer', () => {
    expect(answer('{"code":1000,"customer":{"id":1}}').customer).toEqual({ id: 1 });
  });
  it('E2: no code key in the answer to a create', () => {
    expect(answer('{"customer":{"id":1}}').customer).toEqual({ id: 1 });
  });
  it('E3: a customer without the outer braces is not JSON: a write is then ambiguous, never repeated', () => {
    expect(() => answer('"customer": {"id":1}')).toThrow(expect.objectContaining({ kind: 'ambiguous' }));
  });
  it('E4: unbalanced brackets likewise', () => {
    expect(() => answer('{"customer":{"cellphones":[{"id":1}, "wechat_id": 123], "weibo_id":456}}')).toThrow(
      expect.objectContaining({ kind: 'ambiguous' }),
    );
  });

  it('P1: email is a text', () => {
    expect(fields('"email":"a@x.cn","other_emails":[]')).toEqual({
      email: 'a@x.cn',
      emails: set([null, 'a@x.cn']),
    });
  });
  it('P2: email is "" when there is none', () => {
    expect(fields('"email":"","other_emails":[]')).toEqual({ email: '', emails: [] });
  });
  it('P3: emails holds one text', () => {
    expect(fields('"emails":"a@x.cn","other_emails":[]')).toEqual({
      email: 'a@x.cn',
      emails: set([null, 'a@x.cn']),
    });
  });
  it('P4: emails holds a list of all, and does not tell which is primary', () => {
    expect(fields('"emails":["b@x.cn","a@x.cn"]')).toEqual({
      emails: set([null, 'b@x.cn'], [null, 'a@x.cn']),
    });
  });
  it('P5: email is null', () => {
    expect(fields('"email":null,"other_emails":[]')).toEqual({ email: null, emails: [] });
  });

  it.each([
    ['O1: objects', '[{"id":123,"content":"b@x.cn"},{"id":"234","content":"c@x.cn"}]', ['123', '234']],
    ['O2: one flat list of ids and addresses', '[123,"b@x.cn","234","c@x.cn"]', ['123', '234']],
    ['O5: plain texts', '["b@x.cn","c@x.cn"]', [null, null]],
  ])('%s', (_variant, list, ids) => {
    expect(fields(`"email":null,"other_emails":${list}`).emails).toEqual(
      set([ids[0] ?? null, 'b@x.cn'], [ids[1] ?? null, 'c@x.cn']),
    );
  });
  it('O2 of odd length, or without an id where one belongs, is refused', () => {
    expect(() => fields('"other_emails":[1,"b@x.cn",2]')).toThrow('odd length');
    expect(() => fields('"other_emails":[1,"b@x.cn","c@x.cn","d@x.cn"]')).toThrow('without an id');
  });
  it('O3: an empty list is none', () => {
    expect(fields('"email":"a@x.cn","other_emails":[]').emails).toEqual(set([null, 'a@x.cn']));
  });
  it('O4: absent is not told, which is not none', () => {
    expect(fields('"email":"a@x.cn"')).toEqual({ email: 'a@x.cn' });
  });

  it.each([
    ['K1: objects', '"cellphones":[{"id":1,"content":"131"},{"id":2,"content":"132"}]', ['1', '2']],
    [
      'K2: ids as text and as numbers',
      '"cellphones":[{"id":"1","content":"131"},{"id":2,"content":"132"}]',
      ['1', '2'],
    ],
    ['K3: plain texts', '"cellphones":["131","132"]', [null, null]],
    [
      'K4: one object with its keys repeated',
      '"cellphones":[{"id":1,"content":"131","id":2,"content":"132"}]',
      ['1', '2'],
    ],
    [
      'K5: the singular key, ids optional',
      '"cellphone":[{"id":1,"content":"131"},{"content":"132"}]',
      ['1', null],
    ],
    ['K6: pairs', '"cellphones":[[1,"131"],[null,"132"]]', ['1', null]],
  ])('%s', (_variant, members, ids) => {
    expect(fields(members).cellphones).toEqual(set([ids[0] ?? null, '131'], [ids[1] ?? null, '132']));
  });

  it('G1: a nested organization', () => {
    expect(fields('"organization":{"id":7,"name":"x","domains":"d","custom_fields":{}}')).toEqual({
      organization: '7',
    });
    expect(fields('"organization":null')).toEqual({ organization: null });
  });
  it('G2: a bare organization_id, or null', () => {
    expect(fields('"organization_id":7')).toEqual({ organization: '7' });
    expect(fields('"organization_id":null')).toEqual({ organization: null });
  });

  it.each([
    ['T1: objects', '[{"id":5,"name":"张三","company_id":3}]', set(['5', '张三'])],
    ['T2: objects with taggings_count', '[{"id":5,"name":"张三","taggings_count":1}]', set(['5', '张三'])],
    ['T3: none', '[]', []],
    ['T4: one text with commas', '"tag1, tag2,"', set([null, 'tag1'], [null, 'tag2'])],
  ])('%s', (_variant, tags, expected) => {
    expect(fields(`"tags":${tags}`).tags).toEqual(expected);
  });

  it.each([
    ['W1: lists inside the customer', '"wechat":[{"id":"wx4","name":"miller"}],"weibo":[]'],
    ['W2: scalars of the detail', '"wechat_id":123,"weibo_id":456'],
    ['W3: scalars of the list', '"weixin_id":123,"weibo_id":435'],
  ])('%s: accepted, and part of no field', (_variant, members) => {
    expect(fields(`"nick_name":"x",${members}`)).toEqual({ nick_name: 'x' });
  });
  it('W4: the tenant’s own channels beside the list are no customers', async () => {
    const tenant = await startTenantClient({ customers: [{ id: 1, nick_name: 'x' }] });
    const { rows } = await tenant.client.listCustomers({ page: 1, pageSize: 20 });
    await tenant.close();
    expect(rows).toHaveLength(1);
  });

  it('custom_fields may be {}, description, open_api_token and owners null, platform any words', () => {
    expect(
      fields(
        '"custom_fields":{},"description":null,"open_api_token":null,"owner_id":null,"owner_group_id":null,"platform":"手动录入"',
      ),
    ).toEqual({ description: null, token: null, owner: null, owner_group: null });
  });
});

describe('odd content passes every door unchanged', () => {
  it.each([
    ['4-byte characters', '😀𠮷👩‍👩‍👧'],
    ['NUL', 'a\u0000b'],
    ['lone surrogates', 'a\ud800b\udc00'],
    ['10,000 characters', '长'.repeat(10_000)],
    ['what looks like JSON', '","id":7,"id":8,"x":"'],
    ['a key of Object.prototype', '__proto__'],
  ])('%s', (_what, text) => {
    expect(fields(`"nick_name":${JSON.stringify(text)}`).nick_name).toBe(text);
  });

  it.each([
    ['ids as text', '"2147483648"', '2147483648'],
    ['ids beyond 2^53', '9007199254740993', '9007199254740993'],
    ['ids beyond 2^64 as text', '"18446744073709551617"', '18446744073709551617'],
  ])('%s', (_what, id, expected) => {
    const decoded = decodeCustomer(
      parseUdeskJson(`{"id":${id},"owner_id":${id},"cellphones":[{"id":${id},"content":"1"}]}`),
    );
    expect(decoded).toMatchObject({
      ok: true,
      record: { id: expected, fields: { owner: expected, cellphones: [{ id: expected }] } },
    });
  });

  it('a key of the customer that stands twice is dropped when its values differ, and taken when they agree', () => {
    expect(() => fields('"email":"a@x.cn","email":"b@x.cn"')).toThrow('stands twice');
    expect(fields('"level":"vip","level":"vip"')).toEqual({ level: 'vip' });
  });
});

describe('over HTTP, written and read back', () => {
  let tenant: TenantClient | null = null;
  afterEach(async () => {
    await tenant?.close();
    tenant = null;
  });

  it.each(['int', 'string', 'big'])(
    'NUL, lone surrogates, 4-byte characters and 10,000 characters survive a create, a list and a detail (ids: %s)',
    async (ids) => {
      tenant = await startTenantClient({ switches: { 'shape.ids': ids } });
      const side = createUdeskSide({ client: tenant.client });
      const text = `\u0000 \ud800 😀𠮷 "\\/ ${'长'.repeat(10_000)}`;
      const write = (field: string, after: string) => ({ field, before: null, after, ops: null });
      const made = await side.create({
        patch: { nick_name: write('nick_name', '😀\u0000'), description: write('description', text) },
        marker: 'm-1',
      });
      expect(made.fields).toMatchObject({ nick_name: '😀\u0000', description: text });
      const listed = [];
      for await (const page of side.enumerate()) listed.push(...page.records);
      expect(listed).toMatchObject([{ id: made.id, fields: { description: text } }]);
      expect((await side.read(made.id))?.fields.description).toBe(text);
      expect(await side.lookup('token', 'm-1')).toMatchObject([{ id: made.id }]);
    },
  );
});
