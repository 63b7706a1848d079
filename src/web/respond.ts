import type { Html } from '../report/html.ts';
import type { Refusal } from './refusal.ts';
import { shell } from './shell.ts';
import type { Visit } from './visit.ts';

export interface PageContent {
  readonly title: string;
  readonly body: Html;
  readonly status?: 200 | Refusal['status'];
}

/** A whole page. It holds customers' data, so nobody keeps a copy on the way. */
export function respondPage(visit: Visit, content: PageContent): Response {
  visit.c.header('cache-control', 'no-store');
  return visit.c.html(shell(visit, content).text, content.status ?? 200) as Response;
}

/** A part of a page, for htmx. */
export function respondPart(visit: Visit, part: Html, status: 200 | 409 | 422 = 200): Response {
  visit.c.header('cache-control', 'no-store');
  return visit.c.html(part.text, status) as Response;
}

/** After a POST: the browser loads that page, and a reload repeats nothing. */
export function seeOther({ c }: Visit, path: string): Response {
  return c.redirect(path, 303);
}

/** A path of ours that came from outside; anything else leads home. */
export function localPath(text: string | null | undefined): string {
  if (!text?.startsWith('/')) return '/';
  const url = URL.canParse(text, 'http://ours') ? new URL(text, 'http://ours') : null;
  return url?.origin === 'http://ours' ? url.pathname + url.search : '/';
}
