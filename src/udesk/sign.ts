/**
 * Signatures of the Open API (udesk/api.md §1.4, §1.5). Pure: the caller brings time and nonce.
 * The values are signed as they are; percent-encoding happens only when the URL is built.
 */
import { hash } from 'node:crypto';

/** `sha256` and `sha1-v2` sign five parts with a nonce; `sha1` is the first generation: three parts, no nonce. */
export const SIGN_ALGORITHMS = ['sha256', 'sha1-v2', 'sha1'] as const;
export type SignAlgorithm = (typeof SIGN_ALGORITHMS)[number];

export interface SignInput {
  readonly algorithm: SignAlgorithm;
  /** The administrator whose token it is. */
  readonly email: string;
  readonly token: string;
  /** Unix seconds as decimal text. */
  readonly timestamp: string;
  /** Usable once within 15 minutes; not used by `sha1`. */
  readonly nonce: string;
}

/** The query parameters of one request. Never to be logged or sent a second time. */
export function sign(input: SignInput): Record<string, string> {
  const { algorithm, email, token, timestamp, nonce } = input;
  if (algorithm === 'sha1') {
    return { email, timestamp, sign: hash('sha1', [email, token, timestamp].join('&')) };
  }
  const text = [email, token, timestamp, nonce, 'v2'].join('&');
  const digest = hash(algorithm === 'sha256' ? 'sha256' : 'sha1', text);
  return { email, timestamp, nonce, sign_version: 'v2', sign: digest };
}
