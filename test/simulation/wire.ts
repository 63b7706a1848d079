/** The simulated tenant behind the real client, without a network: one request in, one answer or one broken connection out. */
import { Dispatcher } from 'undici';
import { parseBody } from '../../src/simulator/body.ts';
import type { ApiAnswer, ApiRequest } from '../../src/simulator/routes.ts';
import type { Fault } from './script.ts';

export interface WireOptions {
  readonly handle: (request: ApiRequest) => ApiAnswer;
  /** Asked before the call is carried out: the fault that it meets. May throw: then nothing was sent. */
  readonly before: (call: string, write: boolean) => Promise<Fault | null>;
  /** The call was carried out, and its answer is about to arrive. May throw: then nobody receives it. */
  readonly after: (call: string, answer: ApiAnswer) => Promise<void>;
  readonly now: () => number;
}

const PREFIX = '/open_api_v1';

export class Wire extends Dispatcher {
  readonly #options: WireOptions;

  constructor(options: WireOptions) {
    super();
    this.#options = options;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const controller = {
      aborted: false,
      paused: false,
      reason: null,
      pause() {},
      resume() {},
      abort() {},
    } as unknown as Dispatcher.DispatchController;
    handler.onRequestStart?.(controller, {});
    this.#answer(options).then(
      ({ status, type, text }) => {
        const headers = {
          'content-type': type === 'json' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
          date: new Date(this.#options.now()).toUTCString(),
        };
        handler.onResponseStart?.(controller, status, headers, '');
        handler.onResponseData?.(controller, Buffer.from(text, 'utf8'));
        handler.onResponseEnd?.(controller, {});
      },
      (error: Error) => handler.onResponseError?.(controller, error),
    );
    return true;
  }

  async #answer({ method, path, query, body }: Dispatcher.DispatchOptions): Promise<ApiAnswer> {
    const url = new URL(String(path), 'http://tenant');
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value));
    const call = `${method} ${url.pathname.slice(PREFIX.length)}`;
    const write = method !== 'GET';
    const fault = await this.#options.before(call, write);
    const early = fault === null ? null : earlyAnswer(fault, write);
    if (early !== null) {
      if (early.drop) throw reset();
      return early;
    }
    const answer = this.#options.handle({
      method,
      path: url.pathname.slice(PREFIX.length),
      query: Object.fromEntries(url.searchParams),
      body: parseBody(typeof body === 'string' ? body : '', 'application/json') ?? {},
    });
    await this.#options.after(call, answer);
    if (fault === 'lost') throw reset();
    if (fault === 'truncated') return { ...answer, text: answer.text.slice(0, answer.text.length / 2) };
    return answer;
  }
}

/** Before anything is done; null: the call is carried out. */
function earlyAnswer(fault: Fault, write: boolean): ApiAnswer | null {
  const plain = { type: 'json', code: null, committed: false, drop: false, notes: [] } as const;
  switch (fault) {
    case 'reset':
      return { ...plain, status: 200, text: '', drop: true };
    case 'error':
      return { ...plain, status: 503, type: 'html', text: 'down' };
    case 'html':
      return { ...plain, status: 200, type: 'html', text: '<html>Udesk</html>' };
    case 'throttled':
      return { ...plain, status: 429, type: 'html', text: 'Too Many Requests' };
    case 'refused':
      return write
        ? {
            ...plain,
            status: 200,
            text: '{"code":2005,"code_message":"参数错误","exception":"nick_name is too long"}',
          }
        : null;
    case 'auth':
      return {
        ...plain,
        status: 200,
        text: '{"code":2059,"code_message":"签名错误","exception":"sign is wrong"}',
      };
    default:
      return null;
  }
}

function reset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
