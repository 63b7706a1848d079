import type { Context } from 'hono';
import { Refusal } from '../refusal.ts';
import { csrfToken, sameText } from './secret.ts';

/** What changes something must come from a page of ours: the browser says where from, and the form carries the token. */
export function refuseForgery(c: Context, cookie: string, given: string | null): void {
  refuseForeignOrigin(c);
  if (!sameText(csrfToken(cookie), given ?? '')) throw new Refusal('csrf');
}

/** Browsers send these headers with every POST; scripts send none of them. */
export function refuseForeignOrigin(c: Context): void {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Refusal('origin');
  const origin = c.req.header('origin');
  if (origin === undefined) return;
  // The host alone: behind a proxy that ends TLS the scheme differs.
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  if (host !== c.req.header('host')) throw new Refusal('origin');
}
