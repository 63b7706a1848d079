/**
 * Event callbacks and batch results, delivered by real HTTP POST to the registered addresses (udesk/api.md §8).
 * What is unknown there (echo of API writes, order, repetition, loss, form of a diff) is a switch.
 */
import { Registrations } from './registrations.ts';
import type { Switches } from './switches.ts';

/** One push, as it went out. */
export interface Delivery {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
  /** Our clock in milliseconds. */
  readonly at: number;
  /** HTTP status of the receiver; null when it was not reached, or the switch had the push lost. */
  readonly status: number | null;
}

export interface WebhookOptions {
  readonly switches: Switches;
  readonly clock: () => number;
}

interface Post {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
}

const TIMEOUT_MS = 5_000;
const KEEP = 10_000;

export class Webhooks {
  /** Oldest first; always the same array. */
  readonly deliveries: Delivery[] = [];
  readonly registrations = new Registrations();
  readonly #switches: Switches;
  readonly #clock: () => number;
  readonly #pending = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #counter = 0;
  #held: { readonly post: Post; readonly release: () => void } | null = null;
  /** In order, one at a time. */
  #line: Promise<void> = Promise.resolve();

  constructor(options: WebhookOptions) {
    this.#switches = options.switches;
    this.#clock = options.clock;
  }

  /** @param message the event's data as JSON text */
  emit(action: string, message: string): void {
    for (const { url, legacy } of this.registrations.wanting(action)) {
      this.#push(
        this.#posted(url, legacy, [
          ['action', JSON.stringify(action)],
          ['message', message],
        ]),
      );
    }
  }

  /** To every address: nothing says which one (udesk/api.md §8.3). */
  batchResult(members: readonly (readonly [name: string, json: string])[]): void {
    const wrapped = this.#switches.get('batch.push') === 'wrapped';
    const inner = `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
    const sent: typeof members = wrapped
      ? [
          ['action', '"Customer_import"'],
          ['message', inner],
        ]
      : members;
    for (const { url, legacy } of this.registrations.all()) this.#push(this.#posted(url, legacy, sent));
  }

  /** Work that a push may follow: `settled` waits for it. */
  follow(work: Promise<void>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending]);
  }

  close(): void {
    this.#stopped.abort();
    this.#held?.release();
  }

  /** Only the older registrations have a content type that can be chosen (udesk/api.md §8.1). */
  #posted(url: string, legacy: boolean, members: readonly (readonly [string, string])[]): Post {
    if (legacy && this.#switches.get('webhook.content_type') === 'form') {
      const plain = (json: string) => (json.startsWith('"') ? String(JSON.parse(json)) : json);
      const body = new URLSearchParams(
        members.map(([name, json]): [string, string] => [name, plain(json)]),
      ).toString();
      return { url, body, contentType: 'application/x-www-form-urlencoded' };
    }
    const body = `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
    return { url, body, contentType: 'application/json' };
  }

  #push(post: Post): void {
    const mode = this.#switches.get('webhook.delivery');
    this.#counter += 1;
    if (mode === 'drop' && this.#counter % 2 === 1) this.#note(post, null);
    else if (mode === 'delay') this.follow(this.#wait().then(() => this.#send(post)));
    else if (mode === 'reorder') this.#swap(post);
    else this.#queue(post);
    if (mode === 'duplicate') this.#queue(post);
  }

  /** Holds one back until the next one has gone, or for the delay. */
  #swap(post: Post): void {
    const held = this.#held;
    if (held) {
      this.#held = null;
      this.#queue(post);
      this.#queue(held.post);
      held.release();
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = { post, release: resolve };
    this.follow(
      Promise.race([promise, this.#wait()]).then(() => {
        if (this.#held?.post !== post) return;
        this.#held = null;
        this.#queue(post);
      }),
    );
  }

  #queue(post: Post): void {
    this.#line = this.#line.then(() => this.#send(post));
    this.follow(this.#line);
  }

  async #send(post: Post): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    try {
      const response = await fetch(post.url, {
        method: 'POST',
        body: post.body,
        headers: { 'content-type': post.contentType },
        redirect: 'manual',
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      this.#note(post, response.status);
    } catch {
      this.#note(post, null);
    }
  }

  #note(post: Post, status: number | null): void {
    if (this.deliveries.length >= KEEP) this.deliveries.splice(0, KEEP / 2);
    this.deliveries.push({ ...post, at: this.#clock(), status });
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#switches.get('webhook.delay_ms'));
      this.#stopped.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
