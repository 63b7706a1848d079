/** `/api/v1`: what the pages do, for programs. Refusals are problem+json (failed.ts). */
import type { z } from 'zod';
import { canonicalJson } from '../../lib/hash.ts';
import { claimRequest, forgetRequest, saveAnswer } from '../../store/idempotency.ts';
import { type InboxRow, inboxFacets, inboxPage } from '../../store/inbox.ts';
import { bulkBody, decisionBody, listParams } from '../api/contract.ts';
import { openApi } from '../api/openapi.ts';
import { digest } from '../auth/secret.ts';
import { decideMany } from '../conflicts/bulk.ts';
import { cursorText, toQuery } from '../conflicts/query.ts';
import { type DecideOutcome, decide, loadRow, show, undo } from '../conflicts/service.ts';
import { refusalText } from '../conflicts/show.ts';
import type { Page } from '../page.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit } from '../visit.ts';

const VERSION = '1';

export const apiPage: Page = {
  routes: [
    {
      method: 'GET',
      path: '/api/openapi.json',
      access: 'public',
      handle: ({ c }) => c.json(openApi(VERSION)),
    },
    { method: 'GET', path: '/api/v1/conflicts', access: 'viewer', handle: list },
    { method: 'GET', path: '/api/v1/conflicts/:id', access: 'viewer', handle: one },
    { method: 'POST', path: '/api/v1/conflicts/:id/decision', access: 'reviewer', handle: decideOne },
    { method: 'DELETE', path: '/api/v1/conflicts/:id/decision', access: 'reviewer', handle: withdraw },
    { method: 'POST', path: '/api/v1/decisions', access: 'reviewer', handle: decideAll },
  ],
};

async function list(visit: SignedVisit): Promise<Response> {
  const given = Object.fromEntries([...visit.url.searchParams].filter(([, value]) => value !== ''));
  const { limit, ...params } = read(listParams, given);
  const { db } = visit.services;
  const [page, { total }] = await Promise.all([
    inboxPage(db, toQuery(visit, params, limit)),
    inboxFacets(db, { ...params, now: visit.now }),
  ]);
  return answer(visit, 200, {
    conflicts: page.rows.map(document),
    total,
    next: cursorText(page.next) ?? null,
    previous: cursorText(page.previous) ?? null,
  });
}

async function one(visit: SignedVisit): Promise<Response> {
  return answer(visit, 200, await detail(visit, await loadRow(visit, idOf(visit))));
}

const idOf = ({ c }: SignedVisit): string => c.req.param('id') ?? '';

function document({ base, overwritten: _, ...row }: InboxRow) {
  return { ...row, base: base?.udesk ?? null };
}

async function detail(visit: SignedVisit, row: InboxRow) {
  const { choices, progress, decisions } = await show(visit, row);
  return {
    ...document(row),
    choices: choices.map(({ take, refusal, effects, record }) => ({
      take,
      refusal,
      effects: effects.map((effect) =>
        effect.action === 'gets' ? effect : { side: effect.side, action: effect.action, now: effect.now },
      ),
      record,
    })),
    progress: { step: progress.step, undo: progress.undo },
    decisions,
  };
}

async function decideOne(visit: SignedVisit): Promise<Response> {
  const id = idOf(visit);
  const body = read(decisionBody, await json(visit));
  return await once(visit, { id, body }, async () => {
    const { take, value, emptying, seen } = body;
    const done = await decide(visit, id, { take, typed: JSON.stringify(value ?? null), emptying, seen });
    if (done.outcome !== 'decided') throw refused(visit, done);
    return await detail(visit, done.row);
  });
}

function refused({ t }: SignedVisit, done: Exclude<DecideOutcome, { outcome: 'decided' }>): Refusal {
  if (done.outcome !== 'refused') return new Refusal(done.outcome);
  return new Refusal('unfit', { params: { reason: refusalText(t, done.code) } });
}

async function withdraw(visit: SignedVisit): Promise<Response> {
  const { outcome, row } = await undo(visit, idOf(visit));
  if (outcome !== 'withdrawn') throw new Refusal(outcome);
  return answer(visit, 200, await detail(visit, row));
}

async function decideAll(visit: SignedVisit): Promise<Response> {
  const body = read(bulkBody, await json(visit));
  return await once(visit, { body }, async () => {
    const picks = body.conflicts.map(({ id, seen }) => `${id}@${seen}`);
    const { done, late } = await decideMany(visit, body.take, picks);
    return { decided: done, left: late };
  });
}

/** Does it once per `Idempotency-Key`; whoever sends the same again is given the same answer. */
async function once(visit: SignedVisit, request: unknown, work: () => Promise<unknown>): Promise<Response> {
  const key = visit.c.req.header('idempotency-key');
  if (key === undefined) return answer(visit, 200, await work());
  if (key === '' || key.length > 200) throw new Refusal('bad-request');
  const { services, actor, now } = visit;
  const keyHash = digest(`${actor.by} ${actor.name}\n${key}`);
  const requestHash = digest(canonicalJson({ path: visit.url.pathname, request }));
  const claim = await claimRequest(services.db, { keyHash, requestHash, at: now });
  if (claim.outcome === 'other') throw new Refusal('key-reused');
  if (claim.outcome === 'busy') throw new Refusal('key-busy', { headers: { 'retry-after': '1' } });
  if (claim.outcome === 'answered') return answer(visit, 200, JSON.parse(claim.body) as unknown);
  try {
    const result = await work();
    await saveAnswer(services.db, keyHash, 200, JSON.stringify(result));
    return answer(visit, 200, result);
  } catch (thrown) {
    // A refusal did nothing, and may be otherwise the next time.
    await forgetRequest(services.db, keyHash);
    throw thrown;
  }
}

function answer({ c }: SignedVisit, status: 200, body: unknown): Response {
  c.header('cache-control', 'no-store');
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/json' });
}

async function json({ c }: SignedVisit): Promise<unknown> {
  if (!(c.req.header('content-type') ?? '').startsWith('application/json')) throw new Refusal('media-type');
  try {
    return JSON.parse(await c.req.text()) as unknown;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new Refusal('bad-request');
    throw thrown;
  }
}

function read<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const result = schema.safeParse(given);
  if (!result.success) throw new Refusal('bad-request');
  return result.data;
}
