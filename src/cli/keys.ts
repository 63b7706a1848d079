/** Single keys of a person at a terminal, and now and then a whole line. */
import { createInterface, emitKeypressEvents, type Key } from 'node:readline';
import type { CliContext, Terminal } from './context.ts';

export interface Keys {
  /** Waits for the next key: its character, or its name; null for Ctrl-C, Ctrl-D, and when nobody is there any more. */
  next(): Promise<string | null>;
  /** Asks for a line that begins with `initial`; null when it was given up (Ctrl-C, Ctrl-D). */
  line(prompt: string, initial: string): Promise<string | null>;
  /** Leaves the terminal as it was. */
  close(): void;
}

/** Until `close`, the terminal hands over each key at once and does not show it. */
export function readKeys({ stdin, signal }: CliContext, output: Terminal): Keys {
  const waiting: (string | null)[] = [];
  let taker: ((key: string | null) => void) | null = null;
  let asking = false;
  let over = false;
  const give = (key: string | null) => {
    if (taker === null) waiting.push(key);
    else {
      taker(key);
      taker = null;
    }
  };
  const onKey = (text: string | undefined, key: Key) => {
    if (asking) return;
    const end = key.ctrl === true && (key.name === 'c' || key.name === 'd');
    give(end ? null : ((key.name === undefined ? text : key.name) ?? ''));
  };
  const onEnd = () => {
    over = true;
    give(null);
  };
  emitKeypressEvents(stdin);
  stdin.on('keypress', onKey);
  stdin.on('end', onEnd);
  signal.addEventListener('abort', onEnd, { once: true });
  stdin.setRawMode?.(true);
  stdin.resume();
  return {
    next() {
      const [key] = waiting.splice(0, 1);
      if (key !== undefined) return Promise.resolve(key);
      if (over) return Promise.resolve(null);
      return new Promise((resolve) => {
        taker = resolve;
      });
    },
    async line(prompt, initial) {
      asking = true;
      const reader = createInterface({
        input: stdin,
        output: output as NodeJS.WritableStream,
        terminal: true,
      });
      try {
        return await new Promise<string | null>((resolve) => {
          reader.once('SIGINT', () => resolve(null));
          reader.once('close', () => resolve(null));
          signal.addEventListener('abort', () => resolve(null), { once: true });
          reader.question(prompt, resolve);
          reader.write(initial);
        });
      } finally {
        reader.close();
        asking = false;
        // Closing a reader gives the terminal back and stops listening.
        stdin.setRawMode?.(true);
        stdin.resume();
      }
    },
    close() {
      stdin.off('keypress', onKey);
      stdin.off('end', onEnd);
      signal.removeEventListener('abort', onEnd);
      stdin.setRawMode?.(false);
      stdin.pause();
    },
  };
}
