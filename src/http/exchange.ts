/** One HTTP request and its whole answer as text; what fails is classified by whether the request may have left. */
import { type Dispatcher, request } from 'undici';
import { classifyNetworkError, HttpFailure, isTooLarge, tooLarge } from './classify.ts';
import type { SideDispatcher } from './dispatcher.ts';

export interface Exchange {
  readonly side: SideDispatcher;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether it may change something at the remote. */
  readonly write: boolean;
  readonly signal?: AbortSignal | undefined;
  /** How errors name it, where the path holds what must not be told. Left out: method, origin and path. */
  readonly target?: string;
  /** Told once when it has an end, unless it did not leave: a breaker kept it, or it was aborted before. Must not throw. */
  readonly tried?: (() => void) | undefined;
}

export interface Reply {
  readonly status: number;
  /** Lower-case names; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/**
 * Sends once, or not at all while the endpoint is left alone (breakers.ts).
 * A write that was begun is not aborted by the signal: its outcome is worth more than the few seconds (the timeouts still hold).
 * @throws HttpFailure; or the signal's reason
 */
export async function exchange(call: Exchange): Promise<Reply> {
  call.signal?.throwIfAborted();
  const { breakers } = call.side;
  return breakers === undefined ? await send(call) : await breakers.guard(call, () => send(call));
}

async function send(call: Exchange): Promise<Reply> {
  const target = call.target ?? describeTarget(call.method, call.url);
  const deadline = AbortSignal.timeout(call.side.timeouts.totalMs);
  const signal =
    call.write || call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline]);
  const { maxResponseBytes } = call.side;
  let left = false;
  let aborted = false;
  try {
    const { statusCode, headers, body } = await request(call.url, {
      dispatcher: call.side.dispatcher.compose(
        telling(() => {
          left = true;
        }),
      ),
      method: call.method,
      headers: { accept: 'application/json', ...call.headers },
      body: call.body ?? null,
      signal,
    });
    const flat: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(headers)) flat[name] = Array.isArray(value) ? value[0] : value;
    if (Number(flat['content-length']) > maxResponseBytes) {
      body.on('error', () => {}).destroy();
      throw tooLarge(target, call.write, maxResponseBytes);
    }
    return { status: statusCode, headers: flat, text: await body.text() };
  } catch (error) {
    if (!call.write && call.signal?.aborted === true) {
      aborted = true;
      throw call.signal.reason;
    }
    if (error instanceof HttpFailure) throw error;
    if (isTooLarge(error)) throw tooLarge(target, call.write, maxResponseBytes);
    throw classifyNetworkError(error, target, call.write);
  } finally {
    if (left || !aborted) call.tried?.();
  }
}

/** Tells when the request leaves: it may wait for a connection, and one that was aborted meanwhile only gets its turn to end. */
function telling(leaves: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { onRequestStart } = handler;
    handler.onRequestStart = (controller, context) => {
      onRequestStart?.call(handler, controller, context);
      if (!controller.aborted) leaves();
    };
    return dispatch(options, handler);
  };
}

/** Method, origin and path. The query is left out: it may hold a signature or a customer's address. */
export function describeTarget(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}
