/** Who is asking: a signed-in browser, or, where nobody is configured, the person at this machine. */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isLoopback } from '../../config/cross-check.ts';
import type { Config } from '../../config/schema.ts';
import { loadSession } from '../../store/sessions.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../visit.ts';
import type { Actor } from './roles.ts';
import { digest, newToken, sameText } from './secret.ts';

const COOKIE = 'udesk_sync';
/** A working day; whoever comes back the next morning signs in again. */
const IDLE_MS = 12 * 3_600_000;
export const SESSION_MS = 7 * 24 * 3_600_000;

type Auth = NonNullable<Config['http']['auth']>;

export interface Caller {
  readonly actor: Actor | null;
  /** The visitor's cookie, which is given to everybody; a session is stored under its digest. */
  readonly cookie: string;
}

export async function identify(c: Context, services: Services): Promise<Caller> {
  const sent = getCookie(c, COOKIE) ?? '';
  const valid = /^[\w-]{43}$/.test(sent);
  const cookie = valid ? sent : c.req.path.startsWith('/api/') ? newToken() : newCookie(c);
  const { auth } = services.config.http;
  if (auth === undefined) {
    refuseForeignHost(c);
    return { cookie, actor: { name: services.machineUser, role: 'operator', by: 'machine' } };
  }
  const bearer = /^Bearer ([^\s]{1,500})$/.exec(c.req.header('authorization') ?? '')?.[1];
  // Tokens are for programs: pages, with their forms and cookies, are for people.
  if (bearer !== undefined && c.req.path.startsWith('/api/')) return { cookie, actor: byToken(auth, bearer) };
  return { cookie, actor: valid ? await signedIn(services, auth, cookie) : null };
}

/** Every token is compared, so that the time tells nothing of which came close. */
function byToken({ tokens }: Auth, bearer: string): Actor | null {
  const [known] = tokens.filter(({ token }) => sameText(token, bearer));
  return known === undefined ? null : { name: known.name, role: known.role, by: 'token' };
}

/** The role is read from the configuration each time: who was taken out of it is out at once. */
async function signedIn({ db, clock }: Services, { users }: Auth, cookie: string): Promise<Actor | null> {
  const session = await loadSession(db, digest(cookie), clock(), IDLE_MS);
  const user = users.find(({ name }) => name === session?.userName);
  if (session === null || user === undefined) return null;
  if (digest(user.passwordHash) !== session.credential) return null;
  return { name: user.name, role: user.role, by: 'session' };
}

/** Under which a session of this browser would be stored; null for a browser that has no cookie of ours. */
export function sessionDigest(c: Context): string | null {
  const sent = getCookie(c, COOKIE);
  return sent === undefined ? null : digest(sent);
}

/** A cookie that was not sent before: a sign-in never goes on under one that somebody else may know. */
export function newCookie(c: Context): string {
  const cookie = newToken();
  setCookie(c, COOKIE, cookie, {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
    secure: isHttps(c),
  });
  return cookie;
}

/** Also behind a proxy that ends TLS. Whoever invents the header only gets a cookie that does not come back. */
export function isHttps(c: Context): boolean {
  return (c.req.header('x-forwarded-proto') ?? new URL(c.req.url).protocol).startsWith('https');
}

/**
 * A page of another site can have its own name point at this machine (DNS rebinding) and would then count as ours. Where
 * nobody has to sign in, only the names of this machine are answered.
 */
function refuseForeignHost(c: Context): void {
  const host = (c.req.header('host') ?? '').replace(/:\d+$/, '');
  if (!isLoopback(host)) throw new Refusal('host');
}
