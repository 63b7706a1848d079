import { expect, test } from 'vitest';
import { parsePasswd } from '../../../../src/store/embedded/account.ts';
import { chooseDataDir } from '../../../../src/store/embedded/data-dir.ts';
import { chooseSocketDir } from '../../../../src/store/embedded/layout.ts';

const facts = { wanted: '/root/app/data', isDefault: true, reachable: false, checkout: '/root/app' };

test('the default data directory moves out of a home that the server cannot enter, and says where', () => {
  const choice = chooseDataDir(facts);
  expect(choice.dataDir).toMatch(/^\/var\/lib\/udesk-sync\/[0-9a-f]{12}$/);
  expect(choice.note).toContain(choice.dataDir);
});

test('two checkouts get two data directories', () => {
  const other = chooseDataDir({ ...facts, checkout: '/root/other' });
  expect(other.dataDir).not.toBe(chooseDataDir(facts).dataDir);
});

test.each([
  { reachable: true, isDefault: true },
  { reachable: true, isDefault: false },
  { reachable: false, isDefault: false },
])('a data directory that can be used, or that somebody chose, stays: %o', (change) => {
  expect(chooseDataDir({ ...facts, ...change })).toEqual({ dataDir: facts.wanted, note: null });
});

test('the socket lies in the data directory, or in the temporary one when its path would be too long', () => {
  expect(chooseSocketDir('/srv/data', '/tmp')).toBe('/srv/data/socket');
  const deep = `/srv/${'d'.repeat(100)}`;
  expect(chooseSocketDir(deep, '/tmp')).toMatch(/^\/tmp\/udesk-sync-[0-9a-f]{16}$/);
  expect(chooseSocketDir(`${deep}2`, '/tmp')).not.toBe(chooseSocketDir(deep, '/tmp'));
});

test('a socket path that fits nowhere is refused before Postgres sees it; the limit counts bytes', () => {
  expect(() => chooseSocketDir(`/${'客'.repeat(40)}`, `/${'t'.repeat(100)}`)).toThrow(/107 bytes|103 bytes/);
});

test('accounts are read from passwd lines; root and broken lines are none', () => {
  const text = 'root:x:0:0:root:/root:/bin/sh\n\n# note\npostgres:x:101:104::/:/bin/sh\nbad:x:y:z::/:\n';
  expect(parsePasswd(text)).toEqual([{ name: 'postgres', uid: 101, gid: 104 }]);
});
