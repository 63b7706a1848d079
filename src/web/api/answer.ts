import type { SignedVisit } from '../visit.ts';

/** It holds customers' data, so nobody keeps a copy on the way. */
export function answer({ c }: SignedVisit, body: unknown): Response {
  c.header('cache-control', 'no-store');
  return c.body(JSON.stringify(body), 200, { 'content-type': 'application/json' });
}
