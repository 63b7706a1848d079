import { afterEach, expect, test, vi } from 'vitest';
import { startReceiver } from '../../support/alert-receiver.ts';
import { startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows } from '../../support/world.ts';

const SLOWLY = { timeout: 240_000, interval: 200 };
const SCHEDULE =
  "{ head: '*/3 * * * * *', sweep: '*/5 * * * * *', crm: '*/3 * * * * *', feeds: '0 3 * * *', audit: '0 3 * * *' }";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a CRM whose password is changed under a running daemon is told of, stops nobody else, and goes on by itself when the password is right again', async () => {
  const world = await createWorld({
    customers: [{ nick_name: 'Ann', email: 'ann@example.com' }],
    pair: { schedule: SCHEDULE },
  });
  cleanups.push(() => world.close());
  const receiver = await startReceiver();
  cleanups.push(() => receiver.close());
  const role = `crm_${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await world.crm.unsafe(`
    create table elsewhere (like contact including all);
    create role ${role} login password 'right-password';
    grant select, insert, update, delete on contact to ${role};`);
  cleanups.push(() => world.crm.unsafe(`drop owned by ${role}; drop role ${role};`));
  const password = async (is: string) => {
    await world.crm.unsafe(`alter role ${role} password '${is}'`);
    await world.crm`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${role}`;
  };

  const [, block = ''] = world.configText.split('pairs:\n');
  const ours = block.replace(/\/\/[^@/]+@(?=[^\n]*t_)/, `//${role}:right-password@`);
  const other = block.replace('- name: main', '- name: other').replace('table: contact', 'table: elsewhere');
  const config = writeConfig(`
locale: en
http: { port: 0 }
database: { url: '${world.databaseUrl}' }
alerts: [ { type: webhook, url: '${receiver.url}', on: [guard, auth, stalled] } ]
pairs:
${ours}${other}`);
  cleanups.push(() => config.remove());
  const daemon = startProgram(['run', '--config', config.file]);
  cleanups.push(async () => {
    daemon.process.kill('SIGKILL');
    await daemon.ended;
  });
  const notes = async (table: string) =>
    (await world.crm.unsafe(`select note from ${table}`)).map(({ note }) => note as string | null);
  const { tenant } = world.simulator;
  const edit = (description: string) => tenant.edit(tenant.list()[0]?.id ?? '', { description });
  const arrives = (table: string, note: string) =>
    vi.waitFor(async () => expect(await notes(table)).toEqual([note]), SLOWLY);
  edit('before');
  await arrives('contact', 'before');
  await arrives('elsewhere', 'before');

  await password('another-password');
  edit('meanwhile');
  await arrives('elsewhere', 'meanwhile');
  const said = () => receiver.received.flatMap(({ alerts }) => alerts);
  const auth = { event: 'auth', pair: 'main', subject: 'crm' };
  await vi.waitFor(() => expect(said()).toMatchObject([{ ...auth, kind: 'raised' }]), SLOWLY);
  expect(await notes('contact')).toEqual(['before']);
  edit('still without');
  await arrives('elsewhere', 'still without');

  await password('right-password');
  await arrives('contact', 'still without');
  // Nothing is said twice within ten minutes; they have passed.
  await vi.waitFor(async () => {
    await ourRows(world, `update udesk_sync.alert set said_at = said_at - interval '11 minutes'`);
    expect(said()).toMatchObject([
      { ...auth, kind: 'raised' },
      { ...auth, kind: 'recovered' },
    ]);
  }, SLOWLY);
  expect(daemon.process.exitCode).toBeNull();
}, 600_000);
