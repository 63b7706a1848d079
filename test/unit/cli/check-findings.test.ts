import { describe, expect, it } from 'vitest';
import {
  capabilities,
  clockWords,
  combinationFindings,
  mappingFindings,
} from '../../../src/cli/check-findings.ts';
import type { Manifest } from '../../../src/core/record.ts';
import { field } from '../../support/core-fixtures.ts';
import { load, MINIMAL } from '../config/support.ts';

const manifest: Manifest = {
  adapter: 'test',
  setFields: ['emails'],
  capacity: { emails: 2 },
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
  enumerationCap: 10_000,
  canDelete: true,
  batch: null,
  rateLimit: null,
};

const messages = (findings: readonly { message: string }[]) => findings.map(({ message }) => message);

describe('check', () => {
  it('lists every mapped field that does not exist, with the one that was meant', () => {
    const fields = [
      field({ crm: 'nmae' }),
      field({ udesk: 'level', crm: 'tier' }),
      field({ udesk: 'x', crm: 'name' }),
    ];
    const found = mappingFindings('crm', fields, manifest, ['name', 'industry']);
    expect(messages(found)).toEqual([
      'fields: { udesk: nick_name, crm: nmae }: the CRM has no field "nmae". Did you mean "name"?',
      'fields: { udesk: level, crm: tier }: the CRM has no field "tier".',
    ]);
    expect(mappingFindings('crm', fields, manifest, null)).toEqual([]);
  });

  it('finds fields that the mapping writes and the side does not let anybody write', () => {
    const readOnly = { ...manifest, readOnlyFields: ['name'] };
    const found = mappingFindings('crm', [field()], readOnly, null);
    expect(found).toMatchObject([{ level: 'problem', advice: 'Set direction: to-udesk.' }]);
    expect(mappingFindings('crm', [field({ direction: 'to-udesk' })], readOnly, null)).toEqual([]);
  });

  it('finds a set mapped to one value, and the other way round', () => {
    const found = mappingFindings(
      'crm',
      [
        field({ udesk: 'emails', crm: 'email', shape: 'set' }),
        field({ udesk: 'description', crm: 'emails' }),
        field({ udesk: 'emails', crm: 'emails', shape: 'set' }),
      ],
      manifest,
      null,
    );
    expect(messages(found)).toEqual([
      expect.stringContaining('emails holds several values, and "email" holds one in the CRM'),
      expect.stringContaining('"emails" holds several values in the CRM, and description is mapped as one'),
    ]);
  });

  it('knows what only both sides together tell', () => {
    const [pair] = load(`${MINIMAL}    deletes: propagate\n`).pairs;
    if (pair === undefined) throw new Error('no pair');
    const fields = [field({ policy: 'newest' })];
    const crm = { ...manifest, canDelete: false, trustedTime: true };
    expect(combinationFindings(pair, fields, { udesk: { manifest }, crm: { manifest: crm } })).toMatchObject([
      { level: 'problem', side: 'crm', code: 'deletes-not-possible' },
      { level: 'problem', side: 'udesk', code: 'create-cannot-be-found' },
      { level: 'problem', side: 'crm', code: 'create-cannot-be-found' },
      { level: 'problem', side: 'crm', code: 'nobody-can-be-matched' },
      { level: 'warning', side: 'udesk', code: 'write-unwitnessed' },
      { level: 'warning', side: 'crm', code: 'write-unwitnessed' },
      {
        level: 'warning',
        side: 'udesk',
        message: expect.stringMatching(
          /^newest-without-trusted-time: policy newest \(nick_name\).* of Udesk /,
        ),
      },
    ]);
  });

  it('says in words what a side can do', () => {
    expect(capabilities(manifest, ['emails'])).toEqual([
      'every look reads the whole list',
      'a deletion is an absence: proven by a complete list and a point read',
      'an update is preceded by a point read, because nothing refuses it when the record moved',
      'keeps no id of the other side: a create whose answer was lost is found by e-mail or phone',
      'its list reaches 10000 records',
      'emails has room for 2',
    ]);
  });

  it.each([
    [null, 'clock unknown'],
    [-900, 'clock as ours'],
    [2_500, 'clock 2.5 s ahead of ours'],
    [-600_000, 'clock 600 s behind ours'],
  ])('tells a clock that differs by %s ms', (skewMs, words) => {
    expect(clockWords(skewMs)).toBe(words);
  });
});
