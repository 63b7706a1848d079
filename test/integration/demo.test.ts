import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processesIn } from '../../src/lib/process-info.ts';
import { temporaryFolder } from '../support/child.ts';
import { type DemoRun, startDemo } from '../support/demo.ts';

let dir: string;
let running: DemoRun[] = [];

beforeEach(() => {
  dir = temporaryFolder();
});
afterEach(async () => {
  for (const run of running) {
    run.process.kill('SIGKILL');
    await run.ended();
  }
  running = [];
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function start(...options: string[]): DemoRun {
  const run = startDemo(dir, ...options);
  running.push(run);
  return run;
}

describe('npm run demo', () => {
  test('with --once: every claim is printed with its check and holds, the exit code is 0, and nothing is left behind', async () => {
    const run = start('--once');

    expect(await run.ended()).toBe(0);
    const table = run.lines.slice(run.lines.findIndex((line) => line.startsWith('6/6')));
    const marks = table.filter((line) => /^ {2}[✓✗] /.test(line));
    expect(marks.length).toBeGreaterThan(15);
    expect(marks.filter((line) => line.includes('✗'))).toEqual([]);
    expect(run.lines.at(-1)).toMatch(/all \d+ claims held/);
    expect(run.lines.join('\n')).not.toContain('\u001b');
    expect(existsSync(join(dir, 'data'))).toBe(false);
    expect(existsSync(join(dir, 'udesk-sync.yaml'))).toBe(false);
  });

  test('without it: what a person edits on either side arrives and is printed, until Ctrl-C ends it in order', async () => {
    const run = start();
    await run.line(/Ctrl-C ends it/);
    const config = join(dir, 'udesk-sync.yaml');
    expect(statSync(config).mode & 0o077).toBe(0);

    const [, customer = ''] = /(http\S+\/customers\/\d+)/.exec(await run.line(/curl -X PATCH/)) ?? [];
    await fetch(customer, { method: 'PATCH', body: JSON.stringify({ nick_name: 'Edited by hand' }) });
    await run.line(/Udesk → CRM {2}update contact \d+: name = Edited by hand/);

    const [, contactId = ''] = /where id = (\d+)/.exec(await run.line(/--sql/)) ?? [];
    const edit = startDemo(dir, '--sql', `update contact set note = 'typed in' where id = ${contactId}`);
    expect(await edit.ended()).toBe(0);
    expect(edit.lines).toEqual(['UPDATE 1']);
    await run.line(/CRM → Udesk {2}update customer \d+: description = typed in/);

    const [, health = ''] = /(http\S+\/readyz)/.exec(await run.line(/readyz/)) ?? [];
    expect((await fetch(health)).status).toBe(200);

    const second = startDemo(dir, '--once');
    expect(await second.ended()).toBe(2);
    expect(second.lines.at(-1)).toMatch(/Another demo is running .* \(process \d+\)/);

    const dataDir = await run
      .line(/started for this demo in (\S+)/)
      .then((line) => / in (\S+)/.exec(line)?.[1]);
    const cluster = join(dataDir ?? '', 'postgres');
    expect(processesIn(cluster)).not.toEqual([]);
    run.process.kill('SIGINT');
    expect(await run.ended()).toBe(0);
    expect(processesIn(cluster)).toEqual([]);
    expect(existsSync(join(dir, 'data'))).toBe(false);
  });

  test('the leftovers of a demo that was killed do not stop the next one, and Ctrl-C in its middle ends it in order', async () => {
    const killed = start();
    await killed.line(/^2\/6/);
    killed.process.kill('SIGKILL');
    await killed.ended();
    expect(readFileSync(join(dir, 'udesk-sync.yaml'), 'utf8')).toMatch(/^database:/m);

    const run = start();
    await run.line(/^3\/6/);
    run.process.kill('SIGINT');
    expect(await run.ended()).toBe(130);
    expect(run.lines.at(-1)).toBe('Interrupted.');
    expect(existsSync(join(dir, 'data'))).toBe(false);
  });

  test('a wrong option is named, with exit code 2', async () => {
    const run = start('--onec');
    expect(await run.ended()).toBe(2);
    expect(run.lines.join(' ')).toMatch(/--onec.*--help/);
  });
});
