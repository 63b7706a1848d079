import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { CliContext } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { verifyPassword } from '../../../src/lib/password.ts';

async function run(typed: string): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const context = new CliContext({
    env: {},
    cwd: '/',
    stdin: Readable.from([typed]),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    signal: new AbortController().signal,
    adapters: {},
  });
  return { code: await runProgram(['hash-password'], context, '0.0.0'), out, err };
}

test('hash-password prints the hash of the first line of stdin, and never the password', async () => {
  const { code, out, err } = await run('correct horse battery\nand more\n');
  expect(code).toBe(0);
  expect(out + err).not.toContain('horse');
  expect(await verifyPassword('correct horse battery', out.trim())).toBe(true);
  // Two hashes that are made to cost something, on a machine that may be busy.
}, 60_000);

test('a short password is refused with advice', async () => {
  const { code, out, err } = await run('short\n');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('at least 10 characters');
});
