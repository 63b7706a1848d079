import { describe, expect, test } from 'vitest';
import { isUnwanted } from '../../../src/core/unwanted.ts';

const spec = { create: { inCrm: true, inUdesk: false }, deletes: 'flag' } as const;
const write = (op: 'create' | 'update' | 'delete', side: 'udesk' | 'crm', reason: string) => ({
  ...{ op, side },
  reasons: { [op === 'delete' ? '*' : 'nick_name']: reason },
});

describe('P7, P8: what waited and is not asked for any more', () => {
  test('creates on the side where they are off, and deletions that are only flagged now', () => {
    expect(isUnwanted(spec, write('create', 'udesk', 'create'))).toBe(true);
    expect(isUnwanted(spec, write('create', 'crm', 'create'))).toBe(false);
    expect(isUnwanted(spec, write('delete', 'crm', 'delete'))).toBe(true);
    expect(isUnwanted({ ...spec, deletes: 'propagate' }, write('delete', 'crm', 'delete'))).toBe(false);
  });

  test('but nothing that a person decided, and no update', () => {
    expect(isUnwanted(spec, write('create', 'udesk', 'decision'))).toBe(false);
    expect(isUnwanted(spec, write('delete', 'crm', 'decision'))).toBe(false);
    expect(isUnwanted(spec, write('update', 'udesk', 'propagate'))).toBe(false);
  });
});
