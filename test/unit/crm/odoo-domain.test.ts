import { describe, expect, test } from 'vitest';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { anyOf, keyDomain, scopeOf } from '../../../src/crm/odoo/domain.ts';
import { markerOfName, nameOfMarker } from '../../../src/crm/odoo/marker.ts';
import { formatOdooTime, parseOdooTime, parsePosition, windowStart } from '../../../src/crm/odoo/times.ts';
import { matches } from '../../support/odoo/fake-domain.ts';

const block = (more: object = {}) =>
  odooConfigSchema.parse({
    adapter: 'odoo',
    url: 'https://odoo.example.com',
    database: 'crm',
    login: 'sync',
    apiKey: 'k',
    ...more,
  });

describe('which partners are customers', () => {
  const li = { is_company: false, type: 'contact', partner_share: true, customer_rank: 1 };
  const inScope = (row: object, more: object = {}) => matches(scopeOf(block(more)), { ...li, ...row });

  test('people by default; no companies, no addresses of a contact, nobody of the own staff', () => {
    expect(inScope({})).toBe(true);
    expect(inScope({ is_company: true })).toBe(false);
    expect(inScope({ type: 'invoice' })).toBe(false);
    expect(inScope({ partner_share: false })).toBe(false);
  });

  test('companies, all, and staff where the config says so', () => {
    expect(inScope({ is_company: true }, { records: 'companies' })).toBe(true);
    expect(inScope({}, { records: 'companies' })).toBe(false);
    expect(inScope({ is_company: true }, { records: 'all' })).toBe(true);
    expect(inScope({ partner_share: false }, { internalUsers: true })).toBe(true);
  });

  test('and only what the domain of the config leaves in, with its own operators', () => {
    const domain = ['|', ['customer_rank', '>', 0], ['ref', '=', 'keep']];
    expect(inScope({}, { domain })).toBe(true);
    expect(inScope({ customer_rank: 0 }, { domain })).toBe(false);
    expect(inScope({ customer_rank: 0, ref: 'keep' }, { domain })).toBe(true);
  });
});

describe('who may hold a key', () => {
  const finds = (kind: 'email' | 'cellphone', value: string, row: object) =>
    matches(keyDomain(kind, ['mobile', 'phone'], value, 'CN') ?? [], row as Record<string, unknown>);

  test('a phone is found however it was typed, in any of the fields', () => {
    for (const typed of ['13800138000', '+86 138 0013 8000', '138-0013-8000', '(0086) 138.0013.8000'])
      expect(finds('cellphone', '+8613800138000', { phone: typed })).toBe(true);
    expect(finds('cellphone', '13800138000', { phone: '13800138001', mobile: false })).toBe(false);
  });

  test('an e-mail in any case and with white space around it', () => {
    expect(finds('email', ' Li@Example.com ', { mobile: ' li@example.COM' })).toBe(true);
    expect(finds('email', 'li@example.com', { mobile: 'wang@example.com' })).toBe(false);
  });

  test('a backslash stands for itself, and nothing is asked for where nothing can be found', () => {
    expect(finds('email', 'a\\b@example.com', { phone: 'a\\b@example.com' })).toBe(true);
    expect(keyDomain('email', [], 'a@example.com', 'CN')).toBeNull();
    expect(anyOf([])).toBeNull();
  });
});

describe('times and positions', () => {
  test('a time is read as UTC, and cut, never rounded up, when it is written', () => {
    expect(parseOdooTime('2026-11-26 01:04:47')).toBe(Date.UTC(2026, 10, 26, 1, 4, 47));
    expect(formatOdooTime(Date.UTC(2026, 10, 26, 1, 4, 47, 999))).toBe('2026-11-26 01:04:47');
    for (const bad of [false, '', '2026-11-26', '2026-11-26T01:04:47Z', '2026-13-26 01:04:47'])
      expect(parseOdooTime(bad)).toBeNull();
  });

  test('a look begins as far before its position as a transaction may have taken', () => {
    const position = parsePosition('2026-11-26T01:04:47.123Z') ?? Number.NaN;
    expect(windowStart(position, 300_000)).toBe('2026-11-26 00:59:47');
    expect(windowStart(position, 0)).toBe('2026-11-26 01:04:47');
    expect(parsePosition('page=7')).toBeNull();
  });
});

describe('the external id', () => {
  test('holds any marker, without a dot, and gives it back', () => {
    for (const marker of ['1001', 'a.b', '客户 1', '%2E', "it's_(1)!", '']) {
      expect(nameOfMarker(marker)).not.toContain('.');
      expect(markerOfName(nameOfMarker(marker))).toBe(marker);
    }
    expect(nameOfMarker('1001')).toBe('customer_1001');
  });

  test('of somebody else is none', () => {
    expect(markerOfName('main_partner')).toBeNull();
    expect(markerOfName('customer_%zz')).toBeNull();
  });
});

describe('the block of the config', () => {
  const problems = (more: object) => {
    const parsed = odooConfigSchema.safeParse({ ...block(), ...more });
    return parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  test('takes exactly one of key and password, and no password by /json/2', () => {
    expect(problems({ password: 'p' })).toEqual(['apiKey: give exactly one of apiKey and password']);
    expect(problems({ apiKey: undefined, password: 'p', api: 'json2' })).toEqual([
      'apiKey: is missing: /json/2 takes no password',
    ]);
  });

  test('does not archive what it takes for alive', () => {
    expect(problems({ archived: 'live', delete: 'archive' })).toHaveLength(1);
    expect(problems({ archived: 'live', delete: 'unlink' })).toEqual([]);
  });

  test('refuses a field of two kinds, and keys that belong to another', () => {
    expect(problems({ fields: { a: { ref: 'user_id', tags: 'category_id' } } })).toHaveLength(1);
    expect(problems({ fields: { a: { field: 'ref', by: 'name' } } })).toHaveLength(1);
    expect(problems({ fields: { a: { ref: 'user_id', create: true } } })).toHaveLength(1);
  });
});
