import type { Context } from 'hono';
import { Refusal } from '../refusal.ts';
import type { Caller } from './identify.ts';
import { csrfToken, sameText } from './secret.ts';

/** What changes something must come from a page of ours: the browser says where from, and the form carries the token. */
export function refuseForgery(c: Context, cookie: string, given: string | null): void {
  refuseForeignOrigin(c);
  if (!sameText(csrfToken(cookie), given ?? '')) throw new Refusal('csrf');
}

/**
 * The same for the API. A bearer token is nothing that a browser sends by itself. A session must show the token of its forms in
 * the header x-csrf-token; the person at this machine, who has no session, is told from another site by the
 * content type, which a form cannot have.
 */
export function refuseForgedCall(c: Context, { actor, cookie }: Caller): void {
  if (actor?.by === 'token') return;
  refuseForeignOrigin(c);
  const isJson = (c.req.header('content-type') ?? '').startsWith('application/json');
  if (c.req.method === 'POST' && !isJson) throw new Refusal('media-type');
  const given = c.req.header('x-csrf-token') ?? '';
  if (actor?.by === 'session' && !sameText(csrfToken(cookie), given)) throw new Refusal('csrf');
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
