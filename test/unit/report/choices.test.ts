import { describe, expect, it } from 'vitest';
import { showValue } from '../../../src/cli/show-value.ts';
import type { FieldSpec } from '../../../src/core/spec.ts';
import { choicesFor } from '../../../src/report/choices.ts';
import { field } from '../../support/core-fixtures.ts';
import { conflictRow } from './rows.ts';

function effects(row: Parameters<typeof conflictRow>[0], spec: FieldSpec | null): Record<string, string> {
  return Object.fromEntries(
    choicesFor(conflictRow(row), spec, 'CN', showValue).map(({ take, refused, effect }) => [
      take,
      refused === null ? effect : `no: ${refused}`,
    ]),
  );
}

describe('what a choice about a conflict would do', () => {
  it('is told for both sides', () => {
    expect(effects({}, field())).toEqual({
      udesk: 'Udesk keeps U; the CRM gets U instead of C',
      crm: 'Udesk gets C instead of U; the CRM keeps C',
      base: 'Udesk gets Base instead of U; the CRM gets Base instead of C',
      value: 'Udesk and the CRM get the value that you give',
    });
  });

  it('of a field that flows one way never promises a write against the direction', () => {
    expect(effects({ kind: 'blocked-by-direction' }, field({ direction: 'to-crm' }))).toEqual({
      udesk: 'Udesk keeps U; the CRM gets U instead of C',
      crm: 'Udesk keeps U; the CRM keeps C: nothing is written, the difference is accepted',
      base: 'Udesk keeps U, because the field flows to-crm only; the CRM gets Base instead of C',
      value: 'the CRM gets the value that you give',
    });
  });

  it('speaks each side’s own values where a map translates, and refuses what has no image', () => {
    const spec = field({ map: [['vip', 'gold']] });
    expect(effects({ udesk: 'vip', crm: 'lead' }, spec)).toMatchObject({
      udesk: 'Udesk keeps vip; the CRM gets gold instead of lead',
      crm: expect.stringMatching(/^no: /),
    });
  });

  it('has no base to go back to where the sides never agreed', () => {
    expect(effects({ base: null }, field()).base).toBe('no: the two sides never agreed on this field');
  });

  it('about a deleted record is delete or create, nothing else', () => {
    expect(effects({ field: '*', kind: 'edit/delete', base: null, udesk: null, crm: [] }, null)).toEqual({
      udesk: 'the record is deleted in the CRM, too',
      crm: 'the record is created again in Udesk from what the CRM holds',
      base: expect.stringContaining('whole record'),
      value: expect.stringContaining('whole record'),
    });
  });

  it('is nothing once the field is not mapped any more', () => {
    expect(effects({}, null)).toEqual({});
  });
});
