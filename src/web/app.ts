/**
 * The pages as one app. Here is the one gate that every request passes: a route that names no role does not exist, a
 * visitor who is not known may use the public ones, and every form carries its token.
 */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type Assets, loadAssets } from './assets.ts';
import { refuseForgedCall, refuseForgery } from './auth/csrf.ts';
import { type Caller, identify } from './auth/identify.ts';
import { allows } from './auth/roles.ts';
import { failed } from './failed.ts';
import type { Page, Route } from './page.ts';
import { PAGES } from './pages.ts';
import { Refusal } from './refusal.ts';
import { createRemember, type Remember } from './remember.ts';
import { securityHeaders } from './security.ts';
import type { Services, SignedVisit, Visit } from './visit.ts';
import { openVisit } from './visitor.ts';

/** A form with forty decisions takes a few. */
const MAX_BODY_KIB = 256;

export interface Web {
  readonly services: Services;
  readonly assets: Assets;
  readonly pages: readonly Page[];
  readonly remember: Remember;
}

/** Answers everything that nobody answered before: mount it last. */
export function createWeb(services: Services, pages: readonly Page[] = PAGES): Hono {
  const web: Web = {
    services,
    assets: loadAssets(),
    pages,
    remember: createRemember(() => performance.now()),
  };
  const app = new Hono();
  app.use(securityHeaders);
  app.route('/', web.assets.routes);
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_KIB * 1024,
      onError: () => {
        throw new Refusal('too-large', { params: { kib: MAX_BODY_KIB } });
      },
    }),
  );
  for (const route of pages.flatMap((page) => page.routes)) {
    app.on(route.method, route.path, async (c) => {
      const caller = await identify(c, services);
      const api = route.path.startsWith('/api/');
      const form = new URLSearchParams(route.method === 'POST' && !api ? await c.req.text() : '');
      if (route.method !== 'GET') {
        if (api) refuseForgedCall(c, caller);
        else refuseForgery(c, caller.cookie, form.get('csrf'));
      }
      return await pass(route, caller, openVisit(web, c, caller, form));
    });
  }
  app.all('*', async (c) => {
    const { actor } = await identify(c, services);
    throw new Refusal(actor === null ? 'sign-in' : 'not-found');
  });
  app.onError((error, c) => failed(web, c, error));
  return app;
}

async function pass(route: Route, { actor }: Caller, visit: Visit): Promise<Response> {
  if (route.access === 'public') return await route.handle(visit);
  if (actor === null) throw new Refusal('sign-in');
  if (!allows(actor.role, route.access)) {
    throw new Refusal('role', { wordParams: { role: `role.${actor.role}`, needed: `role.${route.access}` } });
  }
  const signed: SignedVisit = { ...visit, actor };
  return await route.handle(signed);
}
