import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Web } from './app.ts';
import type { Caller } from './auth/identify.ts';
import { csrfToken } from './auth/secret.ts';
import { formats, type Locale, localeOf, translator } from './i18n/words.ts';
import type { Visit } from './visit.ts';

export const LANGUAGE_COOKIE = 'udesk_sync_language';

/** In the language that the visitor chose, else that of the configuration. */
export function openVisit(web: Web, c: Context, caller: Caller, form: URLSearchParams): Visit {
  const { services, assets, pages, remember } = web;
  const locale: Locale = localeOf(getCookie(c, LANGUAGE_COOKIE)) ?? services.config.locale;
  return {
    c,
    services,
    assets,
    remember,
    nav: pages.flatMap(({ nav }) => nav ?? []),
    url: new URL(c.req.url),
    now: services.clock(),
    locale,
    t: translator(locale),
    format: formats(locale, services.config.timezone),
    actor: caller.actor,
    csrf: csrfToken(caller.cookie),
    partial: c.req.header('hx-request') === 'true',
    form,
  };
}
