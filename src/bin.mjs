#!/usr/bin/env node
// Plain JavaScript that any Node can read: an older one does not strip types, so main.ts could not even say what is
// wrong. Under the right one it only hands over.
const OLDEST = [22, 19];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `udesk-sync needs Node ${OLDEST.join('.')} or newer, and this is ${process.versions.node}: in the checkout, ` +
      'run "npx udesk-sync …" or "npm run sync -- …", which bring their own Node after "npm ci"\n',
  );
  process.exitCode = 2;
} else {
  // What was compiled once is read by the next start: a third of its time. Where the folder cannot be written, nothing
  // changes. A daemon may end by kill -9, so what is new is written down soon, and not only at its end.
  const { enableCompileCache, flushCompileCache } = await import('node:module');
  const { fileURLToPath } = await import('node:url');
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/udesk-sync', import.meta.url)));
  setTimeout(() => flushCompileCache(), 5_000).unref();
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv, process.env);
}
