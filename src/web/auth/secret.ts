/** Digests of what a browser or a script shows us, and comparing in constant time. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits as text that fits into a cookie. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** In constant time, whatever the lengths. */
export function sameText(expected: string, given: string): boolean {
  return timingSafeEqual(Buffer.from(digest(expected)), Buffer.from(digest(given)));
}

/**
 * The token that a form must carry. It is made from the visitor's cookie, which another site can neither read nor (being
 * SameSite=Strict) have sent, so nothing has to be stored, and it changes with each sign-in.
 */
export function csrfToken(cookie: string): string {
  return createHmac('sha256', cookie).update('csrf').digest('base64url');
}
