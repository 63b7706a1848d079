import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINIMAL } from '../config/support.ts';
import { run } from './support.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'udesk-sync-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the command line', () => {
  it('ends with 2 and a suggestion when a command or an option is mistyped', async () => {
    const command = await run(['migrat']);
    expect(command).toMatchObject({ code: 2, stdout: '' });
    expect(command.stderr).toContain('Did you mean migrate?');
    const option = await run(['migrate', '--jsno']);
    expect(option).toMatchObject({ code: 2, stdout: '' });
    expect(option.stderr).toContain('Did you mean --json?');
    expect(option.stderr).toContain('udesk-sync migrate --help');
  });

  it('ends with 2 and the help when no command is given, with 0 when the help was asked for', async () => {
    expect(await run([])).toMatchObject({ code: 2, stdout: '' });
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/\n {2}init .*\n[\s\S]*\n {2}migrate /);
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: '1.2.3\n' });
  });

  it('tells a newcomer without a configuration what to do, in one paragraph and without a stack trace', async () => {
    const ran = await run(['migrate'], { cwd: folder });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toBe(
      'There is no config file at config/udesk-sync.yaml. Write one with `udesk-sync init`, or name another with --config or UDESK_SYNC_CONFIG.\n',
    );
  });

  it('lists the problems of a configuration and ends with 2', async () => {
    writeFileSync(join(folder, 'bad.yaml'), `${MINIMAL}databse: {}\nlocale: fr\n`);
    const ran = await run(['migrate', '--config', 'bad.yaml'], {
      cwd: folder,
      env: { UDESK_TOKEN: 'x', CRM_DATABASE_URL: 'y' },
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(
      /^bad\.yaml has 2 problems:\n {2}1\. databse \(line 8\): .*\n {2}2\. locale .*\nMend the file/,
    );
    expect(ran.stderr).not.toMatch(/\bat .*:\d+:\d+/);
  });

  it('gives a script one JSON document with the kind of the failure', async () => {
    const ran = await run(['migrate', '--json'], { cwd: folder });
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { kind: 'config', code: 'config-missing' } });
  });

  it('shows where it happened only when asked with --log-level debug', async () => {
    const ran = await run(['--log-level', 'debug', 'migrate'], { cwd: folder });
    expect(ran.stderr).toMatch(/SyncError\n\s+at /);
  });
});
