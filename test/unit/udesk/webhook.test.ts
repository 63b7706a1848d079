import { describe, expect, it } from 'vitest';
import { newsOf, parsePush } from '../../../src/udesk/webhook.ts';

const push = (body: unknown) => parsePush(JSON.stringify(body), 'application/json');
const form = (fields: [string, string][]) =>
  parsePush(new URLSearchParams(fields).toString(), 'application/x-www-form-urlencoded');

describe('a push is a hint and never data', () => {
  it.each([
    ['Customer_create', 'customer', 'create'],
    ['Customer_update', 'customer', 'update'],
    ['Customer_destroy', 'customer', 'destroy'],
    ['Organization_create', 'organization', 'create'],
    ['Organization_update', 'organization', 'update'],
    ['Organization_destroy', 'organization', 'destroy'],
    ['UserGroup_create', 'user-group', 'create'],
    ['UserGroup_update', 'user-group', 'update'],
    ['UserGroup_destroy', 'user-group', 'destroy'],
  ])('%s names a record, and nothing of its message comes through', (action, kind, event) => {
    const message = { id: 953803726, nick_name: 'SECRET', changes: { email: ['SECRET'] } };
    const changes = action === 'Customer_update' ? { changes: null } : {};
    expect(push({ action, message })).toEqual({
      hints: [{ kind, event, id: '953803726', ...changes }],
      ignored: [],
    });
  });

  it('only of an edited customer it is told what changed, for comparing it with what we wrote', () => {
    const message = { id: 12, nick_name: 'SECRET', changes: { description: ['a', 'b'] } };
    expect(push({ action: 'Customer_update', message }).hints).toEqual([
      {
        kind: 'customer',
        event: 'update',
        id: '12',
        changes: [{ fields: ['description'], from: 'a', to: 'b' }],
      },
    ]);
    expect(newsOf(JSON.stringify({ action: 'Customer_destroy', message }))).toMatchObject({
      customers: [{ id: '12', changes: null }],
    });
  });

  it('ids beyond 2^53, as text, and nowhere', () => {
    expect(parsePush('{"action":"Customer_destroy","message":{"id":9100000000000000001}}').hints).toEqual([
      { kind: 'customer', event: 'destroy', id: '9100000000000000001' },
    ]);
    expect(push({ action: 'Customer_update', message: { id: '7' } }).hints).toMatchObject([{ id: '7' }]);
    expect(push({ action: 'Customer_update', message: { id: null } })).toMatchObject({
      hints: [],
      ignored: [{ reason: 'message.id: missing or not a number' }],
    });
  });

  it('other events count as activity of the customer that they name', () => {
    const message = { im_sub_session_log: { customer_id: 5 } };
    expect(push({ action: 'ImSubSession_close', message }).hints).toEqual([
      { kind: 'customer', event: 'activity', id: '5' },
    ]);
    expect(push({ action: 'AgentNote_update', message: { id: 3 } })).toMatchObject({ hints: [] });
  });

  it('form-encoded: the message as JSON text, or in nested names', () => {
    const expected = [{ kind: 'customer', event: 'update', id: '12' }];
    expect(
      form([
        ['action', 'Customer_update'],
        ['message', '{"id":12,"changes":{}}'],
      ]).hints,
    ).toMatchObject(expected);
    expect(
      form([
        ['action', 'Customer_update'],
        ['message[id]', '12'],
        ['message[changes][nick_name][]', 'a'],
        ['message[changes][nick_name][]', 'b'],
      ]).hints,
    ).toMatchObject(expected);
  });

  it('the content type may be missing or wrong', () => {
    const json = '{"action":"Customer_update","message":{"id":12}}';
    const expected = [{ kind: 'customer', event: 'update', id: '12' }];
    expect(parsePush(json).hints).toMatchObject(expected);
    expect(parsePush(`\uFEFF${json}`, 'application/x-www-form-urlencoded').hints).toMatchObject(expected);
    expect(parsePush('action=Customer_update&message%5Bid%5D=12', 'application/json').hints).toMatchObject(
      expected,
    );
    expect(
      parsePush(`${encodeURIComponent(json)}=`, 'application/x-www-form-urlencoded').hints,
    ).toMatchObject(expected);
  });

  it('several events in one body are several hints', () => {
    const { hints, ignored } = push([
      { action: 'Customer_create', message: { id: 1 } },
      'SECRET',
      { action: 'Customer_destroy', message: { id: 2 } },
    ]);
    expect(hints).toMatchObject([{ id: '1' }, { id: '2' }]);
    expect(ignored).toEqual([{ reason: 'the push is not an object', sample: 'text' }]);
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html>SECRET</html>'],
    ['JSON cut short', '{"action":"Customer_create","message":{"id":1'],
    ['an unknown event', '{"action":"Tag_create","message":{"id":1,"name":"SECRET"}}'],
    ['an event of Object.prototype', '{"action":"constructor","message":{"id":1}}'],
    ['no action', '{"message":{"id":1}}'],
    ['a message that is no object', '{"action":"Customer_create","message":[1]}'],
    ['two ids', '{"action":"Customer_create","message":{"id":1,"id":2}}'],
    ['null', 'null'],
    ['deep nesting', `${'['.repeat(500)}${']'.repeat(500)}`],
    ['a form that reaches for the prototype', '__proto__[id]=1&action=x'],
  ])('%s is ignored, with its shape and no content', (_what, body) => {
    const { hints, ignored } = parsePush(body, 'application/json');
    expect(hints).toEqual([]);
    expect(ignored).toHaveLength(1);
    expect(JSON.stringify(ignored)).not.toContain('SECRET');
  });
});

describe('the result of a batch import', () => {
  const RESULT = {
    errors: [
      [0, '标签格式不对!'],
      [15, '未知错误'],
    ],
    success_count: 14,
    failed_count: 2,
  };
  const expected = {
    kind: 'batch-result',
    errors: [
      [0, '标签格式不对!'],
      [15, '未知错误'],
    ],
    successCount: 14,
    failedCount: 2,
  };

  it('errors by index with counts, as the page says it', () => {
    expect(push(RESULT).hints).toEqual([expected]);
  });

  it('wrapped in action and message, whatever the action is called', () => {
    expect(push({ action: 'Customer_import', message: RESULT }).hints).toEqual([expected]);
    expect(push({ message: RESULT }).hints).toEqual([expected]);
  });

  it('form-encoded, with errors as JSON text or in nested names', () => {
    const counts: [string, string][] = [
      ['success_count', '14'],
      ['failed_count', '2'],
    ];
    expect(form([['errors', JSON.stringify(RESULT.errors)], ...counts]).hints).toEqual([expected]);
    const nested = RESULT.errors.flatMap((row) =>
      row.map((part): [string, string] => ['errors[][]', String(part)]),
    );
    expect(form([...nested, ...counts]).hints).toEqual([expected]);
  });

  it('without errors', () => {
    expect(push({ errors: [], success_count: 3, failed_count: 0 }).hints).toMatchObject([
      { errors: [], successCount: 3, failedCount: 0 },
    ]);
    expect(push({ success_count: '3' }).hints).toMatchObject([{ errors: [], failedCount: null }]);
  });

  it('an error whose row is not known makes it unusable', () => {
    expect(push({ errors: [['x', 'SECRET']], success_count: 1, failed_count: 1 })).toMatchObject({
      hints: [],
      ignored: [{ reason: 'errors: a row without an index' }],
    });
  });
});
