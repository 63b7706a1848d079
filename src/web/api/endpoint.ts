/**
 * A call of the API is one value: where it is, who may make it, what it takes and gives. The routes and the OpenAPI
 * document are both made of these values, so neither can know a call that the other does not.
 */
import type { z } from 'zod';
import type { Role } from '../auth/roles.ts';
import type { Route } from '../page.ts';
import type { SignedVisit } from '../visit.ts';
import { answer } from './answer.ts';
import { once } from './once.ts';
import { readRequest } from './request.ts';

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below /api/v1, with `:id` for what differs. */
  readonly path: string;
  readonly access: Role;
  readonly operationId: string;
  readonly summary: string;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodType | null;
  /** Null: not JSON. */
  readonly answer: z.ZodType | null;
  /** Other forms of the answer, by content type. */
  readonly also: readonly string[];
  /** A `Response` is sent as it is; anything else as JSON. */
  readonly handle: (visit: SignedVisit, given: { query: never; body: never }) => Promise<unknown>;
}

interface Spec<Q extends z.ZodObject, B extends z.ZodType> {
  readonly access?: Role;
  readonly operationId: string;
  readonly summary: string;
  /** Parameters that it does not name are refused: a filter that was mistyped must not show everything. */
  readonly query?: Q;
  readonly body?: B;
  readonly answer: z.ZodType | null;
  readonly also?: readonly string[];
  readonly handle: (
    visit: SignedVisit,
    given: { readonly query: z.output<Q>; readonly body: z.output<B> },
  ) => Promise<unknown>;
}

/** @param at `GET /conflicts/:id` */
export function endpoint<Q extends z.ZodObject, B extends z.ZodType>(
  at: `${Endpoint['method']} /${string}`,
  spec: Spec<Q, B>,
): Endpoint {
  const [method, path] = at.split(' ') as [Endpoint['method'], string];
  return {
    ...{ method, path, access: spec.access ?? (method === 'GET' ? 'viewer' : 'reviewer') },
    ...{ operationId: spec.operationId, summary: spec.summary, answer: spec.answer, also: spec.also ?? [] },
    ...{ query: spec.query?.strict() ?? null, body: spec.body ?? null },
    handle: spec.handle as Endpoint['handle'],
  };
}

/** What changes something is done once per `Idempotency-Key`. */
export function routeOf(one: Endpoint): Route {
  const { method, path, access } = one;
  return {
    ...{ method, path: `/api/v1${path}`, access },
    async handle(visit: SignedVisit) {
      const given = await readRequest(visit, one);
      const work = () => one.handle(visit, given as { query: never; body: never });
      if (method !== 'GET') return await once(visit, given, work);
      const result = await work();
      return result instanceof Response ? result : answer(visit, result);
    },
  };
}

/** The part of the address that stands for `:id`. */
export function idOf({ c }: SignedVisit): string {
  return c.req.param('id') ?? '';
}
