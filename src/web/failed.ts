/** How a request that was not done is answered: in the visitor's language, as a page, a part of one, or problem+json. */
import type { Context } from 'hono';
import { isSyncError, toError } from '../errors.ts';
import { html } from '../report/html.ts';
import type { Web } from './app.ts';
import { identify } from './auth/identify.ts';
import { Refusal } from './refusal.ts';
import { respondPage } from './respond.ts';
import { notice } from './ui/notice.ts';
import type { Visit } from './visit.ts';
import { openVisit } from './visitor.ts';

export async function failed(web: Web, c: Context, thrown: unknown): Promise<Response> {
  const refusal = refusalOf(thrown);
  const reference = refusal.code === 'unexpected' ? report(web, c, thrown) : null;
  for (const [name, value] of Object.entries(refusal.headers)) c.header(name, value);
  // The database may be what failed, so nobody is looked up for a failure of ours.
  const unknown = { actor: null, cookie: '' };
  const caller = refusal.status >= 500 ? unknown : await identify(c, web.services).catch(() => unknown);
  const visit = openVisit(web, c, caller, new URLSearchParams());
  const { title, detail } = textsOf(visit, refusal);
  if (visit.url.pathname.startsWith('/api/')) {
    if (refusal.code === 'sign-in') c.header('www-authenticate', 'Bearer');
    c.header('cache-control', 'no-store');
    const told = { type: 'about:blank', title, status: refusal.status, code: refusal.code, detail };
    const problem = refusal.faults.length === 0 ? told : { ...told, errors: refusal.faults };
    const body = reference === null ? problem : { ...problem, instance: `urn:uuid:${reference}` };
    return c.body(JSON.stringify(body), refusal.status, { 'content-type': 'application/problem+json' });
  }
  if (refusal.code === 'sign-in') return toSignIn(visit);
  const about = reference === null ? detail : `${detail} ${visit.t('error.reference', { reference })}`;
  if (visit.partial) return c.html(notice('bad', title, about).text, refusal.status);
  return respondPage(visit, {
    title,
    status: refusal.status,
    body: html`<section class="narrow"><h1>${title}</h1><p>${about}</p>
<p><a class="button" href="/">${visit.t('error.back')}</a></p></section>`,
  });
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (isSyncError(thrown, 'rejected') && thrown.details.code === 'not-found') return new Refusal('not-found');
  return new Refusal('unexpected');
}

/** What a library says may quote a statement and its values: kind, code and stack go to the log, and nothing else. */
function report({ services }: Web, c: Context, thrown: unknown): string {
  const reference = crypto.randomUUID();
  const error = toError(thrown);
  const { code } = error as { code?: unknown };
  const kind = isSyncError(error) ? error.kind : 'unexpected';
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  services.log.error(
    { kind, code, reference, method: c.req.method, stack: at.slice(0, 8).join('\n') },
    'a request could not be answered',
  );
  return reference;
}

function textsOf({ t }: Visit, refusal: Refusal): { title: string; detail: string } {
  const words = Object.entries(refusal.wordParams).map(([name, key]) => [name, t(key)]);
  const params = { ...refusal.params, ...Object.fromEntries(words) };
  return {
    title: t(`error.${refusal.code}.title`, params),
    detail: t(`error.${refusal.code}.detail`, params),
  };
}

/** Back to where it was after the sign-in; what a form wanted to do is not done by it. */
function toSignIn({ c, url, partial }: Visit): Response {
  const back = c.req.method === 'GET' && !partial ? url.pathname + url.search : '/';
  const address = back === '/' ? '/sign-in' : `/sign-in?${new URLSearchParams({ next: back })}`;
  // A part of a page cannot be replaced by the sign-in page: htmx goes there as a whole.
  if (partial) return c.body(null, 401, { 'hx-redirect': address });
  return c.redirect(address, 303);
}
