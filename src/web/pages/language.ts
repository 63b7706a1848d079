import { setCookie } from 'hono/cookie';
import { isHttps } from '../auth/identify.ts';
import { localeOf } from '../i18n/words.ts';
import type { Page } from '../page.ts';
import { Refusal } from '../refusal.ts';
import { localPath, seeOther } from '../respond.ts';
import { LANGUAGE_COOKIE } from '../visitor.ts';

const YEAR_S = 365 * 24 * 3_600;

/** `POST /language`: remembered by this browser. */
export const languagePage: Page = {
  routes: [
    {
      method: 'POST',
      path: '/language',
      access: 'public',
      handle(visit) {
        const locale = localeOf(visit.form.get('language') ?? '');
        if (locale === null) throw new Refusal('bad-request');
        setCookie(visit.c, LANGUAGE_COOKIE, locale, {
          path: '/',
          httpOnly: true,
          sameSite: 'Lax',
          maxAge: YEAR_S,
          secure: isHttps(visit.c),
        });
        return seeOther(visit, localPath(visit.form.get('next')));
      },
    },
  ],
};
