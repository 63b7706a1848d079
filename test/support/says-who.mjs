// Preloaded into a process (NODE_OPTIONS=--import): every request that it sends over HTTP says which replica it is, as a
// User-Agent of its own would.
import { subscribe } from 'node:diagnostics_channel';

subscribe('undici:request:create', ({ request }) => {
  request.addHeader('x-replica', process.env.REPLICA ?? '');
});
