/** `/sign-in` and `/sign-out`. Which of name and password was wrong is told to nobody, in words or in time. */
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import { isLoopback } from '../../config/cross-check.ts';
import { NOBODYS_HASH, verifyPassword } from '../../lib/password.ts';
import { html } from '../../report/html.ts';
import { createSession, endSession } from '../../store/sessions.ts';
import { newCookie, SESSION_MS, sessionDigest } from '../auth/identify.ts';
import { digest } from '../auth/secret.ts';
import { signInLimits } from '../auth/throttle.ts';
import type { Page } from '../page.ts';
import { localPath, respondPage, seeOther } from '../respond.ts';
import { csrfField } from '../ui/form.ts';
import { notice } from '../ui/notice.ts';
import type { Visit } from '../visit.ts';

/** Longer passwords would only cost us time. */
const MAX_LENGTH = 200;

export const signInPage: Page = {
  routes: [
    {
      method: 'GET',
      path: '/sign-in',
      access: 'public',
      handle(visit) {
        if (visit.actor !== null) return seeOther(visit, localPath(visit.url.searchParams.get('next')));
        const ended = visit.url.searchParams.has('signed-out');
        return form(visit, ended ? { good: visit.t('signout.done') } : {});
      },
    },
    { method: 'POST', path: '/sign-in', access: 'public', handle: signIn },
    {
      method: 'POST',
      path: '/sign-out',
      access: 'public',
      async handle(visit) {
        const session = sessionDigest(visit.c);
        if (session !== null) await endSession(visit.services.db, session);
        newCookie(visit.c);
        return seeOther(visit, '/sign-in?signed-out');
      },
    },
  ],
};

async function signIn(visit: Visit): Promise<Response> {
  const { services, t, c } = visit;
  const name = (visit.form.get('name') ?? '').trim().slice(0, MAX_LENGTH);
  const password = (visit.form.get('password') ?? '').slice(0, MAX_LENGTH);
  const limits = signInLimits(name, addressOf(c));
  const waitMs = services.signIns.attempt(limits);
  if (waitMs > 0) {
    services.log.warn({ kind: 'auth', code: 'throttled' }, 'too many tries to sign in');
    c.header('retry-after', String(Math.ceil(waitMs / 1000)));
    return form(visit, { bad: t('signin.wait', { minutes: Math.ceil(waitMs / 60_000) }), status: 429, name });
  }
  const user = services.config.http.auth?.users.find((one) => one.name === name);
  const right = await verifyPassword(password, user?.passwordHash ?? NOBODYS_HASH);
  if (!right || user === undefined) {
    services.log.warn({ kind: 'auth', code: 'wrong-password' }, 'somebody could not sign in');
    return form(visit, { bad: t('signin.wrong'), status: 401, name });
  }
  // The counts of the address and of the name stay: an account of one's own must not open the way to another.
  services.signIns.forget([...limits.keys()].slice(0, 1));
  const at = services.clock();
  await createSession(services.db, {
    idHash: digest(newCookie(c)),
    userName: user.name,
    credential: digest(user.passwordHash),
    at,
    expiresAt: new Date(at.getTime() + SESSION_MS),
  });
  return seeOther(visit, localPath(visit.form.get('next')));
}

interface Said {
  readonly good?: string;
  readonly bad?: string;
  readonly name?: string;
  readonly status?: 401 | 429;
}

function form(visit: Visit, { good, bad, name = '', status }: Said): Response {
  const { t } = visit;
  const next = localPath(visit.form.get('next') ?? visit.url.searchParams.get('next'));
  return respondPage(visit, {
    title: t('signin.title'),
    ...(status === undefined ? {} : { status }),
    body: html`<section class="sign-in card"><h1>${t('signin.title')}</h1>
<p class="muted">${t('signin.lead')}</p>
${good !== undefined && notice('good', good)}${bad !== undefined && notice('bad', bad)}
<form method="post" action="/sign-in">${csrfField(visit)}<input type="hidden" name="next" value="${next}">
<label>${t('signin.name')}<input name="name" value="${name}" autocomplete="username" autocapitalize="none" required maxlength="${MAX_LENGTH}"${name === '' && html` autofocus`}></label>
<label>${t('signin.password')}<input type="password" name="password" autocomplete="current-password" required maxlength="${MAX_LENGTH}"${name !== '' && html` autofocus`}></label>
<button class="primary">${t('signin.submit')}</button></form>
<p class="muted small">${t('signin.help')}</p></section>`,
  });
}

/** Behind a proxy on this machine, what the proxy says; a stranger's own header is not believed. */
function addressOf(c: Context): string {
  const peer = getConnInfo(c).remote.address ?? 'unknown';
  if (!isLoopback(peer.replace(/^::ffff:/, ''))) return peer;
  return c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() || peer;
}
