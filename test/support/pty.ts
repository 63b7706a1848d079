/** The program at a real terminal: a pty that `script` of util-linux makes, with a person's keys. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../src/bin.mjs', import.meta.url));

/** Why no terminal can be made here; null where one can. Debian has `script` in bsdutils, which is always installed. */
export const noPty: string | null = (() => {
  const { stdout, error } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (error === undefined && stdout.includes('util-linux')) return null;
  return 'there is no `script` of util-linux';
})();

export interface Pty {
  /** Presses keys, once the screen has shown `after` since the last press. */
  press(keys: string, after: string | RegExp): Promise<void>;
  /** Resolves when the screen has shown it since the last press. */
  shows(text: string | RegExp): Promise<void>;
  /** All that was shown so far. */
  screen(): string;
  /** Resolves with the exit code of the command. */
  readonly ended: Promise<number | null>;
}

/** @param then a shell command that is run at the same terminal afterwards */
export function startInPty(args: readonly string[], env: Record<string, string> = {}, then = ''): Pty {
  const quoted = [process.execPath, BIN, ...args].map((each) => `'${each.replaceAll("'", `'\\''`)}'`);
  const command = `${quoted.join(' ')}; code=$?; ${then}; exit $code`.replace('; ;', ';');
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let screen = '';
  let seen = 0;
  let over = false;
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watch of [...watchers]) watch();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
      changed();
    });
  }
  const ended = once(child, 'close').then(() => {
    over = true;
    changed();
    return child.exitCode;
  });
  const has = (text: string | RegExp) => {
    const fresh = screen.slice(seen);
    return typeof text === 'string' ? fresh.includes(text) : text.test(fresh);
  };
  const shows = (text: string | RegExp) =>
    new Promise<void>((resolve, reject) => {
      const watch = () => {
        if (!has(text) && !over) return;
        watchers.delete(watch);
        if (has(text)) resolve();
        else reject(new Error(`it ended without showing ${text}: ${screen.slice(seen)}`));
      };
      watchers.add(watch);
      watch();
    });
  return {
    shows,
    async press(keys, after) {
      await shows(after);
      seen = screen.length;
      child.stdin.write(keys);
    },
    screen: () => screen,
    ended,
  };
}
