import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/core/record.ts';
import type { PairSpec } from '../../../src/core/spec.ts';
import {
  COMBINATIONS,
  type CombinationCode,
  unsafeCombinations,
} from '../../../src/core/unsafe-combinations.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { field, pair } from '../../support/core-fixtures.ts';

/** A side that can do everything. */
const able: Manifest = createMemoryCrm().side.manifest;

const EMAILS = field({ udesk: 'emails', crm: 'emails', shape: 'set', equivalence: 'email' });

interface Combination {
  readonly name: string;
  readonly verdict: 'refused' | 'warning' | 'info';
  readonly crm: Partial<Manifest>;
  readonly pair?: Partial<PairSpec>;
  /** The nearest thing that is safe: what the advice leads to. */
  readonly mended: { readonly crm?: Partial<Manifest>; readonly pair?: Partial<PairSpec> };
}

const CASES: Readonly<Record<CombinationCode, Combination>> = {
  'deletes-of-hidden-records': {
    name: 'deletes are carried over from a side whose absences may mean hidden',
    verdict: 'refused',
    crm: { mayHide: true, visibleDeletes: false },
    pair: { deletes: 'propagate' },
    mended: { crm: { visibleDeletes: true } },
  },
  'deletes-not-possible': {
    name: 'deletes are carried over to a side that cannot delete',
    verdict: 'refused',
    crm: { canDelete: false },
    pair: { deletes: 'propagate' },
    mended: { pair: { deletes: 'unlink' } },
  },
  'create-cannot-be-found': {
    name: 'a create whose answer was lost could not be found: no external id, and no search by a mapped key',
    verdict: 'refused',
    crm: { externalId: null, lookups: [] },
    mended: { crm: { lookups: ['email'] } },
  },
  'create-may-overwrite-unseen': {
    name: 'a create may overwrite somebody who cannot be looked up before',
    verdict: 'refused',
    crm: { createMayOverwrite: true, lookups: ['token'] },
    mended: { pair: { create: { inCrm: false, inUdesk: true } } },
  },
  'cursor-misses-late-commits': {
    name: 'a cursor without enough overlap, late commits, and no full look that reaches everybody',
    verdict: 'refused',
    crm: { changeCursor: { overlapMs: 1_000, lateMs: 60_000 }, enumerationCap: 10_000 },
    mended: { crm: { changeCursor: { overlapMs: 60_000, lateMs: 60_000 } } },
  },
  'compare-and-set-by-coarse-time': {
    name: 'compare-and-set by a time that is coarser than an edit',
    verdict: 'refused',
    crm: { compareBy: 'time', timeResolutionMs: 1_000 },
    mended: { crm: { compareBy: 'values' } },
  },
  'nobody-can-be-matched': {
    name: 'nothing to match by, and creates on both sides: everybody twice',
    verdict: 'refused',
    crm: { externalId: null },
    pair: { match: { by: ['token'], defaultRegion: 'CN', stopAfter: 2 } },
    mended: { crm: { externalId: { unique: true } } },
  },
  'write-unwitnessed': {
    name: 'neither compare-and-set nor a history',
    verdict: 'warning',
    crm: { compareAndSet: false },
    mended: { pair: { fields: [{ ...EMAILS, direction: 'to-udesk' }] } },
  },
  'newest-without-trusted-time': {
    name: 'policy newest without times that order edits',
    verdict: 'warning',
    crm: { trustedTime: false },
    pair: { fields: [EMAILS, field({ policy: 'newest' })] },
    mended: { crm: { trustedTime: true } },
  },
  'set-beyond-slots': {
    name: 'a set of any size on fixed slots',
    verdict: 'info',
    crm: { capacity: { emails: 2 } },
    pair: { fields: [{ ...EMAILS, policy: 'union' }] },
    mended: { pair: { fields: [{ ...EMAILS, direction: 'to-udesk' }] } },
  },
  'late-commits-wait-for-a-sweep': {
    name: 'a cursor without a known bound on late commits, and full looks beside it',
    verdict: 'info',
    crm: { changeCursor: { overlapMs: 1_000, lateMs: null } },
    mended: { crm: { changeCursor: { overlapMs: 1_000, lateMs: 1_000 } } },
  },
  'hidden-deletes-unseen': {
    name: 'deletions that look like hidden records, and are flagged only',
    verdict: 'info',
    crm: { mayHide: true, visibleDeletes: false },
    mended: { crm: { mayHide: false } },
  },
};

const found = (crm: Partial<Manifest>, over: Partial<PairSpec> = {}) =>
  unsafeCombinations(pair([EMAILS], over), {
    udesk: { manifest: able },
    crm: { manifest: { ...able, ...crm } },
  });

describe('unsafe combinations', () => {
  test('a pair of sides that can do everything has none', () => {
    expect(found({})).toEqual([]);
    expect(found({}, { deletes: 'propagate' })).toEqual([]);
  });

  test.each(Object.entries(CASES).map(([code, one]) => ({ code, ...one })))(
    '$code: $name',
    ({ code, verdict, crm, pair: over, mended }) => {
      const told = found(crm, over).filter((one) => one.code === code);
      expect(told).toMatchObject([{ code, verdict, side: 'crm' }]);
      expect(told[0]?.message).toMatch(/^[^{}]{30,}[^.]$/);
      expect(told[0]?.advice).toMatch(/\.$/);
      const after = found({ ...crm, ...mended.crm }, { ...over, ...mended.pair });
      expect(after.map((one) => one.code)).not.toContain(code);
    },
  );

  test('a refusal is about the side that it names, and a side that is not known is not spoken of', () => {
    const weak = { ...able, canDelete: false };
    const asked = pair([EMAILS], { deletes: 'propagate' });
    const both = unsafeCombinations(asked, { udesk: { manifest: weak }, crm: { manifest: weak } });
    expect(both.map(({ side }) => side)).toEqual(['udesk', 'crm']);
    expect(unsafeCombinations(asked, { udesk: { manifest: able } })).toEqual([]);
  });

  test('a history is a witness', () => {
    const plain = { ...able, compareAndSet: false };
    const sides = (history: unknown) => ({
      crm: { manifest: plain, ...(history === undefined ? {} : { history }) },
    });
    const codes = (history: unknown) =>
      unsafeCombinations(pair([EMAILS]), sides(history)).map(({ code }) => code);
    expect(codes(undefined)).toEqual(['write-unwitnessed']);
    expect(codes(() => {})).toEqual([]);
  });

  test('docs/adapters.md has a row for each, with what follows from it', () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/adapters.md', import.meta.url)), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (refused|warning|info) \|/gm)];
    expect(Object.fromEntries(rows.map(([, code, verdict]) => [code, verdict]))).toEqual(
      Object.fromEntries(Object.entries(CASES).map(([code, { verdict }]) => [code, verdict])),
    );
    expect(Object.keys(CASES)).toEqual(Object.keys(COMBINATIONS));
  });
});
