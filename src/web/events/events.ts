/**
 * Tells open pages that something happened, over connections that stay open (server-sent events). One question to the
 * database serves all of them, and none is asked while nobody listens. No customer's data is told: which pairs changed, and
 * nothing else; who is told asks as before.
 */
import { Refusal } from '../refusal.ts';

export interface EventsSource {
  /** By pair a text that differs when something happened; may reject. */
  readonly pulse: () => Promise<ReadonlyMap<string, string>>;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Aborted when the program stops: every stream ends at once, so that none holds the stop up. */
  readonly stopping: AbortSignal;
  readonly intervalMs?: number;
  readonly heartbeatMs?: number;
  readonly maxStreams?: number;
  readonly maxPerActor?: number;
}

export interface Listener {
  /** Streams of one actor are counted together. */
  readonly actor: string;
  /** Asked with every heartbeat: whoever was signed out, or lost the role, is told nothing more. */
  readonly allowed: () => Promise<boolean>;
  /** There may be news that this one missed. */
  readonly missed: boolean;
}

export interface Events {
  /** @throws Refusal `too-many-streams` */
  open(listener: Listener): ReadableStream<Uint8Array>;
  /** How many are open. */
  readonly size: number;
}

const INTERVAL_MS = 2_000;
/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
const MAX_STREAMS = 100;
/** Browsers open at most six connections to a server. */
const MAX_PER_ACTOR = 12;
/** Messages that nobody read: the other end is gone, or asleep. */
const MAX_UNREAD = 20;
/** Milliseconds after which a browser tries again. */
const RETRY_MS = 3_000;

interface Stream {
  readonly actor: string;
  send(text: string): void;
  end(): void;
}

export function createEvents(source: EventsSource): Events {
  const { sleep, stopping, intervalMs = INTERVAL_MS, heartbeatMs = HEARTBEAT_MS } = source;
  const { maxStreams = MAX_STREAMS, maxPerActor = MAX_PER_ACTOR } = source;
  const streams = new Set<Stream>();
  let watching = false;
  stopping.addEventListener('abort', () => {
    for (const stream of [...streams]) stream.end();
  });

  async function watch(): Promise<void> {
    if (watching) return;
    watching = true;
    let known = await source.pulse().catch(() => null);
    while (streams.size > 0 && !stopping.aborted) {
      await sleep(intervalMs, stopping).catch(() => {});
      // A database that is away is told by the page itself, when it asks.
      const now = await source.pulse().catch(() => null);
      if (now === null) continue;
      const pairs = [...now].flatMap(([pair, pulse]) => (known?.get(pair) === pulse ? [] : [pair]));
      if (pairs.length > 0) {
        for (const stream of [...streams]) stream.send(changed(pairs));
      }
      known = now;
    }
    watching = false;
  }

  async function keepAlive(stream: Stream, { allowed }: Listener, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await sleep(heartbeatMs, over).catch(() => {});
      if (over.aborted) return;
      // Without a database nobody can be asked; the stream says nothing of interest then, either.
      if (!(await allowed().catch(() => true))) stream.end();
      else stream.send(': alive\n\n');
    }
  }

  function open(listener: Listener): ReadableStream<Uint8Array> {
    const own = [...streams].filter(({ actor }) => actor === listener.actor).length;
    if (stopping.aborted || streams.size >= maxStreams || own >= maxPerActor) {
      throw new Refusal('too-many-streams', { headers: { 'retry-after': '60' } });
    }
    const encoder = new TextEncoder();
    const over = new AbortController();
    let stream: Stream | null = null;
    return new ReadableStream<Uint8Array>({
      start(controller) {
        const end = () => {
          if (stream === null || !streams.delete(stream)) return;
          over.abort();
          controller.close();
        };
        const send = (text: string) => {
          if (over.signal.aborted) return;
          if ((controller.desiredSize ?? 0) < -MAX_UNREAD) end();
          else controller.enqueue(encoder.encode(text));
        };
        stream = { actor: listener.actor, send, end };
        streams.add(stream);
        send(`retry: ${RETRY_MS}\n\n`);
        if (listener.missed) send(changed([]));
        void watch();
        void keepAlive(stream, listener, over.signal);
      },
      cancel() {
        if (stream !== null) streams.delete(stream);
        over.abort();
      },
    });
  }

  return {
    open,
    get size() {
      return streams.size;
    },
  };
}

/** The id tells a browser that comes back that it was here before. */
function changed(pairs: readonly string[]): string {
  return `event: change\nid: 1\ndata: ${JSON.stringify({ pairs })}\n\n`;
}
