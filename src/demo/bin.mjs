#!/usr/bin/env node
// Plain JavaScript, like src/bin.mjs: a Node that does not strip types can still say what is wrong.
const OLDEST = [22, 19];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `The demo needs Node ${OLDEST.join('.')} or newer, and this is ${process.versions.node}: in the checkout, ` +
      'run "npm run demo", which brings its own Node after "npm ci"\n',
  );
  process.exitCode = 2;
} else {
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2), process.env);
}
