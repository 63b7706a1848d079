/** What happens, as it happens. */
import { identify } from '../../auth/identify.ts';
import { endpoint } from '../endpoint.ts';

export const eventEndpoints = [
  endpoint('GET /events', {
    operationId: 'watch',
    summary:
      'Server-sent events: `change` with the pairs in which a cycle ended or somebody decided; no customer data',
    answer: null,
    also: ['text/event-stream'],
    async handle({ c, actor, services }) {
      const stream = services.events.open({
        actor: `${actor.by} ${actor.name}`,
        allowed: async () => (await identify(c, services)).actor?.name === actor.name,
        missed: c.req.header('last-event-id') !== undefined,
      });
      c.header('cache-control', 'no-store');
      // nginx would collect what it is given.
      c.header('x-accel-buffering', 'no');
      return c.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8' });
    },
  }),
];
