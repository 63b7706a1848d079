/**
 * Where Udesk's callbacks arrive (udesk/api.md §8). They are unsigned: the secret in the address is all that tells them
 * from anybody else's, and what they say is a hint which record to look at, never data.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ToldChange } from '../core/own-echo.ts';
import type { Logger } from '../lib/log.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const WARN_EVERY_MS = 60_000;

export interface PushedBatchResult {
  readonly errors: readonly (readonly [row: number, words: string])[];
  readonly successCount: number | null;
  readonly failedCount: number | null;
}

export interface PushNews {
  /** Customers to look at, and what the push says that changed; null where it does not tell that clearly. */
  readonly customers: readonly { readonly id: string; readonly changes: readonly ToldChange[] | null }[];
  /** How many customers were created: a page of the list shows a hundred of them. */
  readonly created: number;
  readonly batchResults: readonly PushedBatchResult[];
}

export interface HookTarget {
  readonly secret: string;
  /** The customer should be looked at soon. Must not throw. */
  readonly hint: (customerId: string, changes: readonly ToldChange[] | null) => void;
  /** New customers: the head of the list should be read soon. Must not throw. */
  readonly created: () => void;
  /** What became of a batch of ours. Must not throw. */
  readonly batchResult: (result: PushedBatchResult) => void;
}

export interface HookSource {
  /** By pair; one without a secret in the configuration is left out. */
  readonly targets: ReadonlyMap<string, HookTarget>;
  /** What a push names; never throws. */
  readonly newsOf: (body: string, contentType: string) => PushNews;
  readonly log: Logger;
  readonly clock: () => Date;
}

/** Since the start of the process. */
export interface HookCounts {
  taken: number;
  /** Wrong secret, or a pair without one. */
  refused: number;
  /** Above 1 MiB. */
  tooLarge: number;
  hints: number;
}

export interface Hooks {
  readonly routes: Hono;
  readonly counts: Readonly<HookCounts>;
}

/**
 * `POST /hooks/udesk/:pair/:secret` → 204 at once, whatever the push says. A wrong secret and an unknown pair get the
 * same 404 after the same comparison, so that neither can be found out.
 */
export function createHooks({ targets, newsOf, log, clock }: HookSource): Hooks {
  const counts: HookCounts = { taken: 0, refused: 0, tooLarge: 0, hints: 0 };
  const routes = new Hono();
  let warnedAt = Number.NEGATIVE_INFINITY;

  function refused(pair: string): void {
    counts.refused += 1;
    const now = clock().getTime();
    if (now - warnedAt < WARN_EVERY_MS) return;
    warnedAt = now;
    // Whatever else stands in the address is a stranger's text.
    const known = targets.has(pair) ? { pair } : {};
    log.warn(
      { ...known, kind: 'hook', refused: counts.refused },
      'a callback with a wrong secret was refused',
    );
  }

  routes.post(
    '/hooks/udesk/:pair/:secret',
    async (c, next) => {
      const { pair, secret } = c.req.param();
      const target = targets.get(pair);
      // Compared in any case: how long it takes must not tell which pairs there are.
      const right = sameSecret(target?.secret ?? '', secret);
      if (target !== undefined && right) return await next();
      refused(pair);
      return c.notFound();
    },
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => {
        counts.tooLarge += 1;
        return c.body(null, 413);
      },
    }),
    async (c) => {
      const target = targets.get(c.req.param('pair'));
      const news = newsOf(await c.req.text(), c.req.header('content-type') ?? '');
      counts.taken += 1;
      counts.hints += new Set(news.customers.map(({ id }) => id)).size + news.created;
      for (const { id, changes } of news.customers) target?.hint(id, changes);
      if (news.created > 0) target?.created();
      for (const result of news.batchResults) target?.batchResult(result);
      return c.body(null, 204);
    },
  );
  return { routes, counts };
}

/** In constant time, whatever the lengths. */
function sameSecret(expected: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
