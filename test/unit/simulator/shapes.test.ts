import { expect, test } from 'vitest';
import type { CustomerSeed } from '../../../src/simulator/customer.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { type AnswerKind, customerJson, shaper } from '../../../src/simulator/shapes.ts';
import { createSwitches } from '../../../src/simulator/switches.ts';
import { Tenant } from '../../../src/simulator/tenant.ts';

const PERSON: CustomerSeed = {
  id: 500,
  nick_name: '试试 "x"',
  email: 'a@example.com',
  other_emails: ['b@example.com', 'c@example.com'],
  cellphones: ['13466666655', '13567891234'],
  tags: ['张三'],
  organization_id: 1,
  weixin_open_id: 'wx1',
};

function emit(
  settings: Record<string, string>,
  kind: AnswerKind = 'detail',
  seed: CustomerSeed = PERSON,
): string {
  const switches = createSwitches(settings);
  const tenant = new Tenant({ switches, customers: [seed], now: () => 0 });
  const [customer] = tenant.index.newestFirst(0, 1);
  if (!customer) throw new Error('no customer');
  return customerJson(customer, kind, shaper(switches, kind, seededRandom(1))(customer), tenant);
}

const read = (text: string) => JSON.parse(text) as Record<string, unknown>;
const BLANK: CustomerSeed = { id: 500, nick_name: 'x' };

test('the default is the clean shape: P1, O1, K1, whole numbers, T1', () => {
  const person = read(emit({}));
  expect(person).toMatchObject({
    id: 500,
    nick_name: '试试 "x"',
    email: 'a@example.com',
    other_emails: [
      { id: 100001, content: 'b@example.com' },
      { id: 100002, content: 'c@example.com' },
    ],
    cellphones: [
      { id: 100003, content: '13466666655' },
      { id: 100004, content: '13567891234' },
    ],
    tags: [{ id: 1018350800, name: '张三', company_id: 322593755 }],
    wechat_id: 'wx1',
  });
});

test('an organization is nested in detail (G1) and a bare id in lists (G2)', () => {
  expect(read(emit({}, 'detail'))).toHaveProperty('organization.customer_count', 1);
  expect(read(emit({}, 'list'))).toHaveProperty('organization_id', 1);
  expect(read(emit({ 'shape.organization': 'g2' }, 'detail'))).toHaveProperty('organization_id', 1);
});

test('P2 and P3 write "" for no primary address, P1 and P5 null', () => {
  expect(read(emit({ 'shape.emails': 'p2' }, 'detail', BLANK)).email).toBe('');
  expect(read(emit({ 'shape.emails': 'p3' }, 'detail', BLANK)).emails).toBe('');
  expect(read(emit({ 'shape.emails': 'p1' }, 'detail', BLANK)).email).toBe(null);
  expect(read(emit({ 'shape.emails': 'p5' }, 'detail', BLANK)).email).toBe(null);
});

test('P4 lists every address with the primary last, and other_emails is absent (O4)', () => {
  const person = read(emit({ 'shape.emails': 'p4' }));
  expect(person.emails).toEqual(['b@example.com', 'c@example.com', 'a@example.com']);
  expect(person).not.toHaveProperty('email');
  expect(person).not.toHaveProperty('other_emails');
});

test('O2 is a flat list of ids and addresses, O5 only addresses', () => {
  expect(read(emit({ 'shape.other_emails': 'o2' })).other_emails).toEqual([
    100001,
    'b@example.com',
    100002,
    'c@example.com',
  ]);
  expect(read(emit({ 'shape.other_emails': 'o5' })).other_emails).toEqual(['b@example.com', 'c@example.com']);
});

test('K2 mixes ids as text and numbers, K3 has numbers only, K5 another key and ids missing', () => {
  expect(read(emit({ 'shape.cellphones': 'k2' })).cellphones).toEqual([
    { id: '100003', content: '13466666655' },
    { id: 100004, content: '13567891234' },
  ]);
  expect(read(emit({ 'shape.cellphones': 'k3' })).cellphones).toEqual(['13466666655', '13567891234']);
  expect(read(emit({ 'shape.cellphones': 'k5' })).cellphone).toEqual([
    { content: '13466666655' },
    { id: 100004, content: '13567891234' },
  ]);
});

test('K4 is one object with the keys repeated, exactly as the vendor printed it', () => {
  const text = emit({ 'shape.cellphones': 'k4' });
  expect(text).toContain(
    '"cellphones":[{"id":100003,"content":"13466666655","id":100004,"content":"13567891234"}]',
  );
  // What an ordinary parser makes of it: one phone is lost.
  expect(read(text).cellphones).toEqual([{ id: 100004, content: '13567891234' }]);
  expect(emit({ 'shape.cellphones': 'k4' }, 'detail', BLANK)).toContain('"cellphones":[]');
});

test('big ids are beyond 2^53 and neighbours collide when read as doubles', () => {
  const text = emit({ 'shape.ids': 'big' });
  expect(text).toContain('"id":9100000000000000500,');
  expect(text).toContain('"id":9100000000000100003');
  expect(Number('9100000000000100003')).toBe(Number('9100000000000100004'));
  expect(emit({ 'shape.ids': 'string' })).toContain('"id":"500"');
});

test('W1 in answers to writes, W2 in detail, W3 in lists', () => {
  expect(read(emit({}, 'update')).wechat).toEqual([{ id: 'wx1', name: 'demo' }]);
  expect(read(emit({}, 'detail')).wechat_id).toBe('wx1');
  expect(read(emit({}, 'list')).weixin_id).toBe('wx1');
});

test('mixed shapes always name ids when one customer is read', () => {
  const settings = {
    'shape.emails': 'mixed',
    'shape.other_emails': 'mixed',
    'shape.cellphones': 'mixed',
    'shape.ids': 'mixed',
  };
  for (let id = 1; id <= 60; id++) {
    const text = emit(settings, 'detail', { ...PERSON, id });
    expect(text).toMatch(/"?100001"?,"(content":")?b@example\.com/);
    expect(text).toMatch(/"id":"?100003"?,"content":"13466666655"/);
    expect(text).toMatch(/"id":"?100004"?,"content":"13567891234"/);
  }
});

test('mixed lists show every variant that the vendor showed in lists', () => {
  const all = Array.from({ length: 60 }, (_, index) =>
    emit({ 'shape.emails': 'mixed', 'shape.cellphones': 'mixed' }, 'list', { ...PERSON, id: index + 1 }),
  ).join('\n');
  expect(all).toContain('"emails":["b@example.com"');
  expect(all).toContain('"emails":"a@example.com"');
  expect(all).toContain('"cellphones":["13466666655"');
  expect(all).toContain('"content":"13466666655","id":');
});
