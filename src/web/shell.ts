/** What surrounds every page: head, menu, account. */
import { type Html, html } from '../report/html.ts';
import { LOCALES } from './i18n/words.ts';
import type { PageContent } from './respond.ts';
import { csrfField } from './ui/form.ts';
import type { Visit } from './visit.ts';

/** No code from attributes, no styles of its own, and an answer that says no is shown, too. */
const HTMX = JSON.stringify({
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '[45]..', swap: true, error: true },
  ],
});

export function shell(visit: Visit, { title, body }: PageContent): Html {
  const { t, assets, locale } = visit;
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content="${HTMX}">
<title>${title} · ${t('app.name')}</title>
<link rel="icon" href="${assets.url('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.url('app.css')}">
<script src="${assets.url('htmx.js')}" defer></script>
<script src="${assets.url('app.js')}" defer></script>
</head>
<body>
<a class="skip" href="#main">${t('app.skip')}</a>
<header class="top"><div class="bar">
<a class="brand" href="/" aria-label="${t('app.name')}"><img src="${assets.url('icon.svg')}" alt="" width="24" height="24"><span>${t('app.name')}</span></a>
${visit.actor !== null && menu(visit)}
<div class="account" role="group" aria-label="${t('app.account')}">${languages(visit)}${account(visit)}</div>
</div></header>
<main id="main" tabindex="-1">
${body}
</main>
</body>
</html>
`;
}

function menu({ nav, t, url }: Visit): Html {
  const current = (path: string) => url.pathname === path || url.pathname.startsWith(`${path}/`);
  return html`<nav class="menu" aria-label="${t('app.nav')}">${nav.map(
    ({ path, label }) =>
      html`<a href="${path}"${current(path) && html` aria-current="page"`}>${t(label)}</a>`,
  )}</nav>`;
}

/** One button per other language, named in that language. */
function languages(visit: Visit): Html {
  const others = LOCALES.filter(([locale]) => locale !== visit.locale);
  return html`<form method="post" action="/language">${csrfField(visit)}
<input type="hidden" name="next" value="${visit.url.pathname + visit.url.search}">
${others.map(([locale, name]) => html`<button class="quiet" name="language" value="${locale}" lang="${locale}" title="${visit.t('app.language')}">${name}</button>`)}</form>`;
}

function account(visit: Visit): Html | null {
  const { actor, t } = visit;
  if (actor === null) return null;
  const role = actor.by === 'machine' ? t('app.local') : t(`role.${actor.role}`);
  return html`<span class="who"><b>${actor.name}</b> <small>${role}</small></span>${
    actor.by === 'session' &&
    html`<form method="post" action="/sign-out">${csrfField(visit)}<button class="quiet">${t('signout.submit')}</button></form>`
  }`;
}
