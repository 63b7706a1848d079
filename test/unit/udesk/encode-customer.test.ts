import { describe, expect, test } from 'vitest';
import type { FieldWrite } from '../../../src/core/record.ts';
import type { Value } from '../../../src/core/value.ts';
import { encodeCustomer } from '../../../src/udesk/encode-customer.ts';

const nobody = { email: null, otherEmails: [], cellphones: [] };
const write = (field: string, after: Value): FieldWrite => ({ field, before: null, after, ops: null });

function blocked(value: Value) {
  return encodeCustomer({ is_blocked: write('is_blocked', value) }, nobody, 'CN', null)?.customer;
}

describe('the body of a customer write', () => {
  test.each([
    [true, true],
    [false, false],
    ['true', true],
    ['no', false],
    ['1', true],
  ])('a CRM that keeps the blacklist as %j sends the boolean %j', (value, expected) => {
    expect(blocked(value)).toEqual({ is_blocked: expected });
  });

  test('a blacklist value that is neither true nor false is refused by name, not sent', () => {
    expect(() => blocked('maybe')).toThrow('is_blocked must be true or false');
  });
});
