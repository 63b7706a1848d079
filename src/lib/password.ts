/**
 * Passwords at rest: `scrypt:LOG2N:R:P:SALT:HASH`, salt and hash in base64url. No dollar signs, which shells, compose files and
 * `${…}` of the configuration would take for something else.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** OWASP's second choice for scrypt: 64 MiB and about a tenth of a second per try. */
const COST: Cost = { log2N: 16, r: 8, p: 2 };
interface Cost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}
const HASH_BYTES = 32;
const SALT_BYTES = 16;

export const PASSWORD_HASH = /^scrypt:(1[0-9]|20):([1-9]\d?):([1-9]\d?):([\w-]{22}):([\w-]{43})$/;

export async function hashPassword(password: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, cost);
  const { log2N, r, p } = cost;
  return `scrypt:${log2N}:${r}:${p}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/** Takes as long for a wrong password as for the right one; false for a hash that cannot be read. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parts = PASSWORD_HASH.exec(stored);
  if (parts === null) return false;
  const [, log2N, r, p, salt, hash] = parts;
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  const expected = Buffer.from(hash ?? '', 'base64url');
  const given = await derive(password, Buffer.from(salt ?? '', 'base64url'), cost);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** What a name that nobody has is checked against, so that its answer takes as long. */
export const NOBODYS_HASH = `scrypt:${COST.log2N}:${COST.r}:${COST.p}:${'A'.repeat(22)}:${'A'.repeat(43)}`;

function derive(password: string, salt: Buffer, { log2N, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** log2N;
  return new Promise((resolve, reject) => {
    // The same letters in another Unicode form are the same password.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
