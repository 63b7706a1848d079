/**
 * `npm run mutate [-- --only TEXT] [--list] [--workers N] [--from N] [--no-check]`: puts each known bug back, one at a time,
 * into a copy of this checkout and runs the tests that should notice; N copies side by side, one per processor unless said.
 * Ends with 0 only when every one of them was noticed: a test failed, or stood still until its time was over. A run that ended
 * badly without a failed test (a file that cannot be loaded, no database) proves nothing, and counts as no kill. One
 * copy alone takes the better part of an hour. `--from` goes on where an interrupted run was, at that number of `--list`;
 * `--no-check` takes for granted that all tests pass without a bug.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Copy, copyCheckout } from './copy.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';

/** A mutant that hangs is noticed too, but not waited for. */
const TIMEOUT_MS = 300_000;
const BY_TIME_OUT = 'killed by: a time-out';
const NOT_JUDGED = 'NOT JUDGED: the run failed, and no test of it';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    workers: { type: 'string' },
    from: { type: 'string' },
    'no-check': { type: 'boolean' },
  },
});
const only = values.only ?? '';
const workers = Number(values.workers ?? availableParallelism());
const from = Number(values.from ?? 1);
const chosen = MUTATIONS.map((mutation, index) => ({ ...mutation, number: index + 1 })).filter(
  ({ name, breaks, tests, number }) => number >= from && [name, breaks, ...tests].join(' ').includes(only),
);

if (values.list === true) {
  for (const { name, breaks, number } of chosen) console.log(`${number}. ${name}\n    ${breaks}`);
} else {
  process.exitCode = await main(chosen);
}

interface Numbered extends Mutation {
  /** Its place in the whole list, from 1. */
  readonly number: number;
}

async function main(mutations: readonly Numbered[]): Promise<number> {
  if (!Number.isInteger(from) || from < 1 || from > MUTATIONS.length) {
    console.error(`--from ${values.from} is no number of the list: 1 to ${MUTATIONS.length}.`);
    return 2;
  }
  if (mutations.length === 0) {
    console.error(
      `No mutation from number ${from} on has "${only}" in its name, what it breaks or its tests; --list shows them all.`,
    );
    return 2;
  }
  if (!Number.isInteger(workers) || workers < 1) {
    console.error(`--workers ${values.workers} is no number of copies: 1 or more.`);
    return 2;
  }
  const copies = Array.from({ length: Math.min(workers, mutations.length) }, copyCheckout);
  try {
    if (values['no-check'] !== true && !(await passWithout(copies[0]?.dir ?? '', mutations))) return 1;
    return await killAll(copies, mutations);
  } finally {
    for (const copy of copies) copy.remove();
  }
}

/** Else a bug that nobody notices would count as killed by a test that fails anyway. */
async function passWithout(copy: string, mutations: readonly Mutation[]): Promise<boolean> {
  const tests = [...new Set(mutations.flatMap((mutation) => mutation.tests))];
  console.log(`without a mutation: ${tests.length} test files and folders …`);
  // However long it takes: on a busy machine all of them take longer than the tests of one mutant may.
  const { code, output } = await runTests(copy, tests, null);
  if (code !== 0) console.error(`${output}\nThe tests fail without a mutation: mend them first.`);
  return code === 0;
}

async function killAll(copies: readonly Copy[], mutations: readonly Numbered[]): Promise<number> {
  const survivors: string[] = [];
  const unjudged: string[] = [];
  let late = 0;
  const waiting = [...mutations];
  const killOneByOne = async (copy: Copy) => {
    for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
      const { name, breaks, tests, number } = mutation;
      const started = performance.now();
      const ran = await copy.having(mutation, () => runTests(copy.dir, tests));
      const seconds = Math.round((performance.now() - started) / 1000);
      const verdict = verdictOf(ran);
      if (verdict === 'SURVIVED') survivors.push(name);
      if (verdict === NOT_JUDGED) unjudged.push(`${name}\n${ran.output}`);
      if (verdict === BY_TIME_OUT) late += 1;
      console.log(`${number}/${MUTATIONS.length} ${name} (${breaks}): ${verdict} (${seconds} s)`);
    }
  };
  await Promise.all(copies.map(killOneByOne));
  const killed = mutations.length - survivors.length - unjudged.length;
  console.log(`${killed} of ${mutations.length} killed, ${late} of them by nothing but a time-out`);
  for (const name of survivors) console.error(`survived: ${name}`);
  for (const name of unjudged) console.error(`not judged: ${name}`);
  return killed === mutations.length ? 0 : 1;
}

function verdictOf({ code, firstFailure, isLate }: TestRun): string {
  if (code === 0) return 'SURVIVED';
  if (firstFailure !== null) return `killed by: ${firstFailure}`;
  return isLate ? BY_TIME_OUT : NOT_JUDGED;
}

interface TestRun {
  readonly code: number;
  readonly output: string;
  /** The name of a test; null when none is told. */
  readonly firstFailure: string | null;
  readonly isLate: boolean;
}

function runTests(
  copy: string,
  tests: readonly string[],
  limitMs: number | null = TIMEOUT_MS,
): Promise<TestRun> {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const args = [
    vitest,
    'run',
    '--config',
    'config/vitest.config.ts',
    '--bail',
    '1',
    '--reporter',
    'default',
    ...tests,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: copy, env: { ...process.env, NO_COLOR: '1' } });
    let output = '';
    child.stdout.on('data', (data) => {
      output += String(data);
    });
    child.stderr.on('data', (data) => {
      output += String(data);
    });
    let isLate = false;
    const stop = () => {
      isLate = true;
      child.kill('SIGTERM');
    };
    const timer = limitMs === null ? undefined : setTimeout(stop, limitMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      // A file that fails as a whole is told without a test. A run that was stopped lists no failures at its end; those that
      // it had are told where they happened.
      const told = /^\s*FAIL\s+(.+ > .+)$/m.exec(output)?.[1] ?? /^\s*×\s+(.+)$/m.exec(output)?.[1];
      resolve({ code: code ?? 1, output, firstFailure: told?.trim() ?? null, isLate });
    });
  });
}
