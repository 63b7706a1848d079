/** `npm run new-adapter NAME [-- --to DIR]`: lays out an adapter of one's own (docs/adapters.md). */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeAdapter } from './lay-out.ts';

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { to: { type: 'string' } } });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new Error('Usage: npm run new-adapter NAME [-- --to DIR]');
  const laid = writeAdapter(name, resolve(values.to ?? join(import.meta.dirname, '../../..')));
  for (const path of Object.keys(laid.files)) console.log(`wrote ${path}`);
  for (const line of ['', ...laid.next]) console.log(line);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
