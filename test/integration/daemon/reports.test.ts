import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createReporting } from '../../../src/cli/reporting.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { type MailServer, startMailServer } from '../../support/mail-server.ts';
import { createWorld, type World } from '../../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';

let world: World;
let mail: MailServer;
let folder: string;
let refuse = false;
let now: Date;

beforeEach(async () => {
  refuse = false;
  folder = mkdtempSync(join(tmpdir(), 'udesk-sync-reports-'));
  mail = await startMailServer({ onRecipient: () => (refuse ? new Error('no such box') : null) });
  world = await createWorld({
    customers: [{ nick_name: SCRIPT, email: 'a@example.com' }],
    people: [{ name: 'C', emails: ['a@example.com'] }],
  });
  await world.sync();
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await mail.close();
  await world.close();
});

/** One process of several; they share the database, and nothing else. */
function startProcess(owner: string) {
  const text = [
    'locale: en',
    'timezone: UTC',
    world.configText,
    'alerts:',
    `  - { type: email, host: localhost, port: ${mail.port}, tls: none, from: s@example.com, to: [d@example.com], on: [report] }`,
    'reports:',
    `  - { every: week, at: '07:00', formats: [html, csv], directory: reports }`,
  ];
  const config = loadConfig({ env: {}, readFile: () => text.join('\n'), adapters: crmAdapters });
  const reporting = createReporting(
    { cwd: folder, redact: (said) => said },
    {
      config,
      database: world.database,
      engine: { ...world.engine, owner, clock: () => now, monotonic: () => now.getTime() },
      ledger: postgresLedger(world.database.sql),
      close: async () => {},
    },
  );
  return { tick: () => reporting.tick(new AbortController().signal) };
}

/** A week on from the real time, so that the conflicts of the world lie in the week that ended. */
const mondayAfter = (weeks: number, time: string) => {
  const today = new Date().toISOString().slice(0, 10);
  const monday = Date.parse(today) - ((new Date(today).getUTCDay() + 6) % 7) * 86_400_000;
  return new Date(`${new Date(monday + weeks * 7 * 86_400_000).toISOString().slice(0, 10)}T${time}Z`);
};
const day = (at: Date, plus = 0) => new Date(at.getTime() + plus * 86_400_000).toISOString().slice(0, 10);
const files = () => readdirSync(join(folder, 'reports')).sort();

describe('the scheduled report', () => {
  test('comes once per week to each receiver, however many processes look at the same time', async () => {
    const [one, other] = [startProcess('one'), startProcess('other')];
    now = mondayAfter(0, '12:00');
    await Promise.all([one.tick(), other.tick()]);
    expect(mail.mails).toEqual([]);
    now = mondayAfter(1, '06:59');
    await Promise.all([one.tick(), other.tick()]);
    expect(mail.mails).toEqual([]);
    now = mondayAfter(1, '07:00');
    await Promise.all([one.tick(), other.tick()]);
    await Promise.all([one.tick(), other.tick()]);
    expect(mail.mails).toHaveLength(1);
    const name = `udesk-sync-week-${day(mondayAfter(0, '00:00'))}--${day(mondayAfter(1, '00:00'), -1)}`;
    expect(files()).toEqual([`${name}.csv`, `${name}.html`]);
    const { source } = mail.mails[0] ?? { source: '' };
    expect(source).toContain(`filename=${name}.html`);
    expect(source).toContain(`filename=${name}.csv`);
    expect(source.replaceAll('=\r\n', '')).toContain('1 conflict opened, 0 closed, 1 open at the end');
    // Customers are in the files alone, and markup nowhere.
    expect(source).not.toContain(SCRIPT);
    const html = readFileSync(join(folder, 'reports', `${name}.html`), 'utf8');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html.trimEnd().endsWith('</html>')).toBe(true);
    expect(readFileSync(join(folder, 'reports', `${name}.csv`), 'utf8').startsWith('\ufeff')).toBe(true);
    expect(statSync(join(folder, 'reports', `${name}.html`)).mode & 0o077).toBe(0);
  });

  test('after weeks without a daemon is one, of all days since the last', async () => {
    now = mondayAfter(0, '12:00');
    await startProcess('before').tick();
    now = mondayAfter(3, '12:00');
    const after = startProcess('after');
    await after.tick();
    await after.tick();
    expect(files()).toHaveLength(2);
    expect(files()[1]).toBe(
      `udesk-sync-week-${day(mondayAfter(0, '00:00'))}--${day(mondayAfter(3, '00:00'), -1)}.html`,
    );
    expect(mail.mails).toHaveLength(1);
  });

  test('that a receiver refuses is tried again later, and comes to the others once', async () => {
    const daemon = startProcess('one');
    now = mondayAfter(0, '12:00');
    await daemon.tick();
    refuse = true;
    now = mondayAfter(1, '08:00');
    await daemon.tick();
    expect([files().length, mail.mails.length]).toEqual([2, 0]);
    writeFileSync(join(folder, 'reports', 'mine'), '');
    for (const name of files().filter((each) => each !== 'mine')) rmSync(join(folder, 'reports', name));
    refuse = false;
    await daemon.tick();
    expect(mail.mails).toHaveLength(0);
    now = mondayAfter(1, '09:00');
    await daemon.tick();
    expect(mail.mails).toHaveLength(1);
    expect(files()).toEqual(['mine']);
  });
});
