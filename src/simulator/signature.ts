/**
 * Who may call: the three signatures, the 5-minute window and the nonce memory (udesk/api.md §1.4-§1.8).
 * Written from the document alone, apart from the client, so that a mistake of either shows.
 */
import { hash } from 'node:crypto';
import { CODES, Refusal } from './refusal.ts';

export type Algorithm = 'sha256' | 'sha1-v2' | 'sha1';

export interface SignedParts {
  readonly email: string;
  readonly token: string;
  /** As sent: Unix seconds in the second generation, any text in the first. */
  readonly timestamp: string;
  readonly nonce: string;
}

/** Lower-case hexadecimal. The text is signed raw, before any percent-encoding. */
export function signatureOf(algorithm: Algorithm, parts: SignedParts): string {
  const first = `${parts.email}&${parts.token}&${parts.timestamp}`;
  if (algorithm === 'sha1') return hash('sha1', first);
  return hash(algorithm === 'sha256' ? 'sha256' : 'sha1', `${first}&${parts.nonce}&v2`);
}

export interface AuthParameters {
  readonly email: string;
  readonly timestamp: string;
  readonly sign: string;
  readonly nonce: string;
  readonly signVersion: string;
}

export interface AuthRules {
  readonly adminEmail: string;
  readonly token: string;
  readonly accept: readonly Algorithm[];
  /** The window holds for the three-part signature too. */
  readonly skewCheckV1: boolean;
  /** The tenant's time, in milliseconds. */
  readonly now: number;
  readonly nonces: NonceMemory;
}

const WINDOW_SECONDS = 300;
const NONCE_MEMORY_MS = 15 * 60_000;

/**
 * Throws the refusal that comes first in the order of api.md §1.8: timestamp format, skew, nonce empty, administrator,
 * sign, nonce replay. The nonce is used up only when the signature is right, or anyone could burn nonces.
 */
export function authenticate(given: AuthParameters, rules: AuthRules): void {
  const second = given.signVersion === 'v2';
  if (given.timestamp === '') throw timestampRefused('timestamp is missing');
  if (second || rules.skewCheckV1) checkWindow(given.timestamp, rules.now);
  if (second && given.nonce === '') throw new Refusal(CODES.nonceEmpty, 'nonce不能为空', 'nonce is empty');
  if (given.email.toLowerCase() !== rules.adminEmail.toLowerCase()) {
    throw new Refusal(CODES.notAdmin, '不是管理员', 'the e-mail is not that of an administrator');
  }
  const possible: readonly Algorithm[] = second ? ['sha256', 'sha1-v2'] : ['sha1'];
  const parts = { email: given.email, token: rules.token, timestamp: given.timestamp, nonce: given.nonce };
  const matches = possible.some(
    (algorithm) => rules.accept.includes(algorithm) && signatureOf(algorithm, parts) === given.sign,
  );
  if (!matches) throw new Refusal(CODES.signature, '签名错误', 'open api sign is wrong');
  if (second && !rules.nonces.use(given.nonce, rules.now)) {
    throw new Refusal(CODES.nonceReplayed, 'nonce已被使用', 'nonce was used within 15 minutes');
  }
}

function checkWindow(timestamp: string, now: number): void {
  if (!/^\d{10}$/.test(timestamp)) throw timestampRefused('timestamp must be Unix seconds, 10 digits');
  if (Math.abs(Number(timestamp) - now / 1000) > WINDOW_SECONDS) {
    throw new Refusal(CODES.timestampSkew, '时间戳已过期', 'timestamp is more than 5 minutes off');
  }
}

function timestampRefused(exception: string): Refusal {
  return new Refusal(CODES.timestampFormat, '时间戳格式错误', exception);
}

/** Remembers each nonce for 15 minutes. */
export class NonceMemory {
  readonly #usedAt = new Map<string, number>();

  /** False when the nonce was used within the last 15 minutes. */
  use(nonce: string, now: number): boolean {
    for (const [old, at] of this.#usedAt) {
      if (now - at <= NONCE_MEMORY_MS) break;
      this.#usedAt.delete(old);
    }
    if (this.#usedAt.has(nonce)) return false;
    this.#usedAt.set(nonce, now);
    return true;
  }
}
