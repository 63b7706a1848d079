/** The embedded database: its folder is the backup, and the copy is put back as docs/operations.md says. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { createEmptyDatabase } from '../../support/db.ts';
import { runProgram, writeConfig } from '../../support/program.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function begin() {
  const simulator = await startSimulator({
    customers: [0, 1, 2].map((n) => ({ nick_name: `Customer ${n}`, email: `c${n}@example.com` })),
    switches: { 'rate.per_minute': '0' },
  });
  cleanups.push(() => simulator.close());
  const theirs = await createEmptyDatabase();
  cleanups.push(() => theirs.drop());
  const crm = (await theirs.open({ max: 1 })).sql;
  await crm.unsafe(
    'create table contact (id bigint generated always as identity primary key, name text, email text)',
  );
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-folder-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  chmodSync(folder, 0o755); // as root, the server runs under another account
  const [dataDir, backup] = [join(folder, 'data'), join(folder, 'backup')];
  const { url, admin } = simulator;
  const config = writeConfig(`
database: { dataDir: ${dataDir} }
pairs:
  - name: main
    firstRun: auto
    deletes: propagate
    udesk: { baseUrl: ${url}, email: ${admin.email}, token: ${admin.token}, quota: { perMinute: 100000 } }
    crm: { adapter: postgres, url: ${theirs.url}, table: contact }
    fields: [{ udesk: nick_name, crm: name }, { udesk: email, crm: email }]
`);
  cleanups.push(() => config.remove());
  const command = (...args: string[]) => runProgram([...args, '--json', '--config', config.file]);
  return {
    tenant: simulator.tenant,
    names: async () =>
      (await crm<{ name: string }[]>`select name from contact order by id`).map((row) => row.name),
    rename: (from: string, to: string) => crm`update contact set name = ${to} where name = ${from}`,
    /** Its exit code. */
    sync: async () => (await command('sync')).code,
    command,
    // With the owners: as root, the server's files are another account's.
    keep: () => execFileSync('cp', ['-a', dataDir, backup]),
    putBack() {
      rmSync(dataDir, { recursive: true, maxRetries: 5 });
      execFileSync('cp', ['-a', backup, dataDir]);
    },
  };
}

test('P2, P5, P8: after the folder of yesterday was put back and that was said, nobody is deleted or created twice, and what differs is asked about', async () => {
  const { tenant, names, rename, sync, command, keep, putBack } = await begin();
  expect(await sync()).toBe(0);
  expect(await names()).toEqual(['Customer 0', 'Customer 1', 'Customer 2']);
  keep();

  const id = (n: number) => tenant.find('email', `c${n}@example.com`)?.id ?? '';
  tenant.edit(id(0), { nick_name: 'Carried' });
  tenant.create({ nick_name: 'New', email: 'new@example.com' });
  await sync();
  // There and back: to the backup it looks as if nobody had touched the CRM since.
  tenant.edit(id(1), { nick_name: 'There and back' });
  await sync();
  await rename('There and back', 'Customer 1');
  tenant.delete(id(2));
  putBack();

  const told = await command('rebaseline');
  expect({ ...told, stdout: JSON.parse(told.stdout) }).toMatchObject({
    code: 0,
    stdout: { rebaselined: ['main'] },
  });
  // A guard holds what the backup cannot know.
  expect(await sync()).toBe(3);

  expect(await names()).toEqual(['Carried', 'Customer 1', 'Customer 2', 'New']);
  expect(
    tenant
      .list()
      .map(({ nick_name }) => nick_name)
      .toSorted(),
  ).toEqual(['Carried', 'New', 'There and back']);
  const { conflicts } = JSON.parse((await command('conflicts', 'list')).stdout) as {
    readonly conflicts: readonly unknown[];
  };
  expect(conflicts).toMatchObject([
    { field: 'nick_name', kind: 'restored', udesk: 'There and back', crm: 'Customer 1' },
  ]);
}, 480_000);
