import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ABSENT } from '../../../src/core/value.ts';
import { decodeCustomer } from '../../../src/udesk/decode-customer.ts';
import { type JsonObject, parseUdeskJson } from '../../../src/udesk/json.ts';

const PAGE = new URL('../../fixtures/udesk/vendor-page/', import.meta.url);

function sample(name: string): JsonObject {
  return parseUdeskJson(readFileSync(new URL(name, PAGE), 'utf8')) as JsonObject;
}

function decoded(raw: unknown, customFields?: string[]) {
  const result = decodeCustomer(raw, customFields);
  if (!result.ok) throw new Error(result.dropped.reason);
  return result.record;
}

const fieldsOf = (raw: object, customFields?: string[]) => decoded({ id: 1, ...raw }, customFields).fields;

const refused = (raw: object) => {
  const result = decodeCustomer({ id: 7, ...raw });
  return result.ok ? null : result.dropped;
};

const COMMON = {
  nick_name: '试试',
  level: 'vip',
  description: '米哦啊',
  tags: [{ id: '1018350800', value: '575675675' }],
  owner: '8',
  owner_group: '15',
  organization: '1',
  token: null,
};

describe('every sample of the vendor page', () => {
  it('parses', () => {
    const names = readdirSync(PAGE).filter((name) => name.endsWith('.json'));
    expect(names).toHaveLength(16);
    for (const name of names) expect(sample(name), name).toBeTypeOf('object');
  });

  it('create: one flat list of e-mails does not tell which is primary (E2, P4, O4, K1, G1, W1)', () => {
    const record = decoded(sample('create-response.json').customer);
    expect(record).toEqual({
      id: '953803726',
      externalId: null,
      version: null,
      updatedAt: null,
      fields: {
        ...COMMON,
        emails: ['22343r@werr.com', '23423553fg@fvgt.com', '23432@wre.com'].map((value) => ({
          id: null,
          value,
        })),
        cellphones: [
          { id: '123', value: '13466666655' },
          { id: '1234', value: '13567891234' },
        ],
      },
    });
  });

  it.each(['update-response.json', 'detail-response.json'])(
    '%s: flat pairs of id and address, ids of both types (E3, E4, P1, O2, K2, T2, W1 or W2)',
    (name) => {
      const record = decoded(sample(name).customer);
      expect(record.fields).toEqual({
        ...COMMON,
        email: '22343r@werr.com',
        emails: [
          { id: null, value: '22343r@werr.com' },
          { id: '233', value: '23423553fg@fvgt.com' },
          { id: '34', value: '23432@wre.com' },
        ],
        cellphones: [
          { id: '123', value: '13466666655' },
          { id: '323', value: '13567891234' },
        ],
      });
    },
  );

  it('list: one phone object with repeated keys gives both phones; plain phones have no ids (P3, O1, K3, K4, G2, W3, W4)', () => {
    const list = sample('list-response.json').customers as unknown[];
    expect(decoded(list[0]).fields).toEqual({
      ...COMMON,
      email: '22343r@werr.com',
      emails: [
        { id: null, value: '22343r@werr.com' },
        { id: '123', value: '23423553fg@fvgt.com' },
        { id: '234', value: '23432@wre.com' },
      ],
      cellphones: [
        { id: '343', value: '13466666655' },
        { id: '234', value: '13567891234' },
      ],
    });
    expect(decoded(list[1]).fields).toEqual({
      ...COMMON,
      nick_name: '加试试',
      emails: ['22343r@werr.com', '23423553fg@fvgt.com', '23432@wre.com'].map((value) => ({
        id: null,
        value,
      })),
      cellphones: [
        { id: null, value: '13466666655' },
        { id: null, value: '13567891234' },
      ],
    });
  });
});

describe('what a shape leaves out is not returned, never empty', () => {
  it('gives nothing for keys that are missing', () => {
    expect(fieldsOf({})).toEqual({});
  });

  it('takes a null list of e-mails or phones as not told: to believe "none" could delete addresses', () => {
    const fields = fieldsOf({ email: 'a@x.cn', other_emails: null, cellphones: null, tags: {} });
    expect(fields).toEqual({ email: 'a@x.cn' });
  });

  it('keeps null and empty apart for the primary e-mail (P2, P5)', () => {
    expect(fieldsOf({ email: '', other_emails: [] })).toEqual({ email: '', emails: [] });
    expect(fieldsOf({ email: null, other_emails: [] })).toEqual({ email: null, emails: [] });
  });

  it('shows a mapped custom field that is not listed as absent, only when the custom fields were told', () => {
    const names = ['custom.TextField_1', 'custom.TextField_2'];
    const told = fieldsOf({ custom_fields: { TextField_2: 'x' } }, names);
    expect(told).toEqual({ 'custom.TextField_1': ABSENT, 'custom.TextField_2': 'x' });
    expect(fieldsOf({}, names)).toEqual({});
  });
});

describe('other shapes', () => {
  it('reads plain other e-mails, singular phones, tags in one text (O5, K5, T4)', () => {
    const raw = {
      email: 'a@x.cn',
      other_emails: ['b@x.cn'],
      cellphone: { content: '13800138000' },
      tags: 'vip, 老客户',
    };
    expect(fieldsOf(raw)).toEqual({
      email: 'a@x.cn',
      emails: [
        { id: null, value: 'a@x.cn' },
        { id: null, value: 'b@x.cn' },
      ],
      cellphones: [{ id: null, value: '13800138000' }],
      tags: [
        { id: null, value: 'vip' },
        { id: null, value: '老客户' },
      ],
    });
    expect(fieldsOf({ cellphone: '138' }).cellphones).toEqual([{ id: null, value: '138' }]);
  });

  it('reads flat pairs whose ids are texts, and does not take plain addresses for pairs', () => {
    const raw = { email: null, other_emails: ['233', 'a@x.cn', '34', 'b@x.cn'] };
    expect(fieldsOf(raw).emails).toEqual([
      { id: '233', value: 'a@x.cn' },
      { id: '34', value: 'b@x.cn' },
    ]);
  });

  it('reads pairs of id and phone, phones as numbers, ids beyond 2^53 (K6)', () => {
    const raw = parseUdeskJson(
      '{"id":9007199254740993,"cellphones":[[12,13651190000],[null,"136"],[23,null]]}',
    );
    const record = decoded(raw);
    expect(record.id).toBe('9007199254740993');
    expect(record.fields.cellphones).toEqual([
      { id: '12', value: '13651190000' },
      { id: null, value: '136' },
    ]);
  });

  it('joins a list of all e-mails with the ids of the others', () => {
    const raw = { emails: ['a@x.cn', 'b@x.cn'], other_emails: [{ id: 5, content: 'b@x.cn' }] };
    expect(fieldsOf(raw)).toEqual({
      emails: [
        { id: null, value: 'a@x.cn' },
        { id: '5', value: 'b@x.cn' },
      ],
    });
  });

  it('reads custom fields: text, numbers as text, selections as sets of option values', () => {
    const fields = fieldsOf({
      custom_fields: { T: 'x', N: 12, S: ['0', 1], P: [{ value: '0', text: 'A' }], E: null },
    });
    expect(fields).toEqual({
      'custom.T': 'x',
      'custom.N': '12',
      'custom.S': [
        { id: null, value: '0' },
        { id: null, value: '1' },
      ],
      'custom.P': [{ id: null, value: '0' }],
      'custom.E': null,
    });
  });

  it('reads the blacklist mark, the organization in both places, and the external id', () => {
    const record = decoded({
      id: '5',
      is_blocked: 'true',
      organization: null,
      open_api_token: 'crm-1',
      owner_id: '',
    });
    expect(record.externalId).toBe('crm-1');
    expect(record.fields).toEqual({ is_blocked: true, organization: null, token: 'crm-1', owner: null });
  });
});

describe('an element that cannot be read is dropped with its shape, never its content', () => {
  it.each([
    [
      'flat pairs of odd length',
      { other_emails: [233, 'secret@x.cn', 34] },
      'other_emails: flat pairs of odd length',
    ],
    ['a list that is a text', { cellphones: 'secret' }, 'cellphones: not a list'],
    ['a name that is an object', { nick_name: { secret: 'secret' } }, 'nick_name: not a text'],
    [
      'an id that is a word',
      { cellphones: [{ id: 'secret', content: '1' }] },
      'cellphones: an id that is not a number',
    ],
  ])('%s', (_what, raw, reason) => {
    const dropped = refused(raw);
    expect(dropped).toMatchObject({ id: '7', reason });
    expect(dropped?.sample.replaceAll('secret:', '')).not.toContain('secret');
  });

  it('a customer without an id, and one that says two things at once', () => {
    expect(decodeCustomer({ nick_name: 'x' })).toMatchObject({ ok: false, dropped: { id: null } });
    const twice = decodeCustomer(parseUdeskJson('{"id":1,"email":"a@x","email":"b@x"}'));
    expect(twice).toMatchObject({ ok: false, dropped: { id: '1' } });
    expect(decodeCustomer(parseUdeskJson('{"id":1,"email":"a@x","email":"a@x"}')).ok).toBe(true);
  });
});
