/** `udesk-sync hash-password`: what stands under http.auth instead of a password. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { SyncError } from '../errors.ts';
import { hashPassword } from '../lib/password.ts';
import type { CliContext } from './context.ts';

const SHORTEST = 10;

export function registerHashPassword(program: Command, context: CliContext): void {
  program
    .command('hash-password')
    .description('reads a password from the terminal or from stdin, and prints its hash for http.auth.users')
    .action(() => run(context));
}

async function run(context: CliContext): Promise<void> {
  const password = await read(context);
  if ([...password].length < SHORTEST) {
    throw new SyncError('config', `a password has at least ${SHORTEST} characters`, {
      code: 'usage',
      advice: 'Four or five unrelated words are long enough, and can be remembered.',
    });
  }
  const hash = await hashPassword(password);
  if (context.json) context.printJson({ passwordHash: hash });
  else context.print(hash);
}

/** Never as an argument: those stand in the history of the shell and in the list of processes. */
async function read(context: CliContext): Promise<string> {
  if (context.interactive) {
    const first = await ask(context, 'Password: ');
    if ((await ask(context, 'The same again: ')) === first) return first;
    throw new SyncError('config', 'the two are not the same', { code: 'usage', advice: 'Try again.' });
  }
  let text = '';
  for await (const chunk of context.stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > 1_000) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

async function ask(context: CliContext, question: string): Promise<string> {
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: context.stdin, output: mute, terminal: true });
  context.stderr.write(question);
  try {
    return await terminal.question('', { signal: context.signal });
  } finally {
    terminal.close();
    context.stderr.write('\n');
  }
}
