import { describe, expect, it } from 'vitest';
import { toPairSpec } from '../../../src/config/pair-spec.ts';
import type { Manifest } from '../../../src/core/record.ts';
import { load, MINIMAL } from './support.ts';

const manifest: Manifest = {
  adapter: 'any',
  setFields: [],
  capacity: {},
  fields: null,
  readOnlyFields: [],
  changeCursor: null,
  compareAndSet: false,
  visibleDeletes: false,
  mayHide: false,
  externalId: null,
  lookups: ['token', 'email', 'cellphone'],
  lookupLagMs: 0,
  elementIds: false,
  trustedTime: false,
  timeResolutionMs: 1,
  enumerationCap: null,
  canDelete: true,
  batch: null,
  rateLimit: null,
};

function specOf(fields: string, crmCapacity: Record<string, number> = {}) {
  const pair = load(MINIMAL.replace('- { udesk: nick_name, crm: name }', fields)).pairs[0];
  if (pair === undefined) throw new Error('the fixture has one pair');
  return toPairSpec(pair, { udesk: manifest, crm: { ...manifest, capacity: crmCapacity } });
}

describe('a pair for the core', () => {
  it('compares each field by what it means, unless the file says otherwise', () => {
    const spec = specOf(
      `[
      { udesk: email, crm: a }, { udesk: emails, crm: b }, { udesk: cellphones, crm: c }, { udesk: is_blocked, crm: d },
      { udesk: tags, crm: e }, { udesk: custom.TextField_1, crm: f, compare: number } ]`.replace(
        /\n\s*/g,
        ' ',
      ),
    );
    expect(spec.fields.map((field) => [field.udesk, field.shape, field.equivalence])).toEqual([
      ['email', 'scalar', 'email'],
      ['emails', 'set', 'email'],
      ['cellphones', 'set', 'phone'],
      ['is_blocked', 'scalar', 'boolean'],
      ['tags', 'set', 'text'],
      ['custom.TextField_1', 'scalar', 'number'],
    ]);
  });

  it('has value maps as pairs of Udesk and CRM values', () => {
    const spec = specOf('- { udesk: level, crm: tier, map: { vip: gold, normal: standard } }');
    expect(spec.fields[0]?.map).toEqual([
      ['vip', 'gold'],
      ['normal', 'standard'],
    ]);
  });

  it('knows the room of each side under the name that the pair uses', () => {
    const spec = specOf('- { udesk: cellphones, crm: phones }', { phones: 2, unmapped: 1 });
    expect(spec.capacity).toEqual({ udesk: {}, crm: { cellphones: 2 } });
  });
});
