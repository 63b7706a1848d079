import { expect, test } from 'vitest';
import { hashPassword, NOBODYS_HASH, PASSWORD_HASH, verifyPassword } from '../../../src/lib/password.ts';

const CHEAP = { log2N: 10, r: 8, p: 1 };

test('a hash knows its password and no other, and says nothing of it', async () => {
  const hash = await hashPassword('四个 unrelated words', CHEAP);
  expect(hash).toMatch(PASSWORD_HASH);
  expect(hash).not.toContain('$');
  expect(await verifyPassword('四个 unrelated words', hash)).toBe(true);
  expect(await verifyPassword('四个 unrelated word', hash)).toBe(false);
  expect(await hashPassword('四个 unrelated words', CHEAP)).not.toBe(hash);
});

test('the same letters in another Unicode form are the same password', async () => {
  expect(await verifyPassword('café au lait!', await hashPassword('cafe\u0301 au lait!', CHEAP))).toBe(true);
});

test('what is no hash lets nobody in, and asks for no endless work', async () => {
  for (const hash of ['', 'password', 'scrypt:99:8:1:AAAAAAAAAAAAAAAAAAAAAA:A', `${NOBODYS_HASH}x`]) {
    expect(await verifyPassword('', hash)).toBe(false);
  }
  expect(await verifyPassword('', NOBODYS_HASH)).toBe(false);
});
