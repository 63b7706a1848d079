/** What the tests of a file open: closed behind each of them, last first. */
import { afterEach } from 'vitest';
import { createWorld, type World } from '../../support/world.ts';

export interface Opened {
  /** This is called once the test is over. */
  readonly closing: (close: () => unknown) => void;
  readonly worldOf: (...options: Parameters<typeof createWorld>) => Promise<World>;
}

export function opened(): Opened {
  const left: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of left.splice(0).reverse()) await close();
  });
  const closing = (close: () => unknown) => void left.push(close);
  return {
    closing,
    async worldOf(...options) {
      const world = await createWorld(...options);
      closing(() => world.close());
      return world;
    },
  };
}
