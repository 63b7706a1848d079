/** The few files that browsers load, from our own origin and kept by them for good: their address names their contents. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';

const FILES = {
  'app.css': { type: 'text/css; charset=utf-8', read: () => ours('app.css') },
  'app.js': { type: 'text/javascript; charset=utf-8', read: () => ours('app.js') },
  'htmx.js': {
    type: 'text/javascript; charset=utf-8',
    read: () => readFileSync(createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js')),
  },
  'icon.svg': { type: 'image/svg+xml', read: () => ours('icon.svg') },
} as const;

export type AssetName = keyof typeof FILES;

export interface Assets {
  readonly routes: Hono;
  /** Where a page loads it from. */
  url(name: AssetName): string;
}

/** Reads all files once. */
export function loadAssets(): Assets {
  const routes = new Hono();
  const urls = new Map<string, string>();
  for (const [name, { type, read }] of Object.entries(FILES)) {
    const body = new Uint8Array(read());
    const digest = createHash('sha256').update(body).digest('base64url').slice(0, 16);
    const url = `/assets/${digest}/${name}`;
    urls.set(name, url);
    routes.get(url, (c) =>
      c.body(body, 200, { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' }),
    );
  }
  return { routes, url: (name) => urls.get(name) ?? '' };
}

function ours(name: string): Buffer {
  return readFileSync(new URL(`assets/${name}`, import.meta.url));
}
