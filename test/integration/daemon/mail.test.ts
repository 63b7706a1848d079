import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { channelsOf } from '../../../src/cli/alerting.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { type MailTarget, sendMail } from '../../../src/daemon/alert-mail.ts';
import { type Alerts, createAlerts } from '../../../src/daemon/alerts.ts';
import { withTimeout } from '../../../src/lib/with-timeout.ts';
import { loadGauges } from '../../../src/store/gauges.ts';
import { type FakeWorker, failingWorker, WELL } from '../../support/alerts.ts';
import { createTestDatabase } from '../../support/db.ts';
import { localCertificate, type MailServer, startMailServer } from '../../support/mail-server.ts';

const PASSWORD = 'p4ssword-of-the-mail-server';
const MINUTE = 60_000;
const certificate = localCertificate();
const signal = new AbortController().signal;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(options: Parameters<typeof startMailServer>[0]): Promise<MailServer> {
  const started = await startMailServer(options);
  cleanups.push(() => started.close());
  return started;
}

const message = { title: 'udesk-sync: a message', lines: ['[ALERT] main: something'], items: [] };

function target(over: Partial<MailTarget> & { readonly port: number }): MailTarget {
  return {
    host: 'localhost',
    tls: 'none',
    user: null,
    password: null,
    from: 'sync@example.com',
    to: ['desk@example.com', 'night@example.com'],
    ...over,
  };
}

describe('a mail', () => {
  test.skipIf(certificate === null).each(['starttls', 'implicit'] as const)(
    'goes out by %s alone, with the password behind it (skipped without openssl)',
    async (tls) => {
      if (certificate === null) return;
      const mail = await server({
        tls: { ...certificate, implicit: tls === 'implicit' },
        password: PASSWORD,
      });
      const to = {
        ...target({ port: mail.port, tls }),
        user: 'sync',
        password: PASSWORD,
        ca: certificate.cert,
      };

      expect(await sendMail(to, message, 5_000, signal)).toBeNull();

      expect(mail.mails).toMatchObject([
        {
          secure: true,
          user: 'sync',
          from: 'sync@example.com',
          to: ['desk@example.com', 'night@example.com'],
        },
      ]);
      expect(mail.mails[0]?.source).toMatch(/^Subject: udesk-sync: a message\r?$/m);
      expect(mail.mails[0]?.source).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
    },
  );

  test('is not sent, and no password is said, to a server that offers no TLS', async () => {
    const mail = await server({ password: PASSWORD });
    const to = { ...target({ port: mail.port, tls: 'starttls' }), user: 'sync', password: PASSWORD };
    expect(await sendMail(to, message, 5_000, signal)).toMatch(/^(ETLS|smtp-\d+)$/);
    expect(mail.passwords).toEqual([]);
    expect(mail.mails).toEqual([]);
  });

  test.skipIf(certificate === null)(
    'is not sent, and no password is said, to a server that nobody vouches for (skipped without openssl)',
    async () => {
      if (certificate === null) return;
      for (const implicit of [false, true]) {
        const mail = await server({ tls: { ...certificate, implicit }, password: PASSWORD });
        const tls = implicit ? 'implicit' : 'starttls';
        const to = { ...target({ port: mail.port, tls }), user: 'sync', password: PASSWORD };
        expect(await sendMail(to, message, 5_000, signal)).not.toBeNull();
        expect([...mail.passwords, ...mail.mails]).toEqual([]);
      }
    },
  );

  test('cannot be given another header or recipient by what it says', async () => {
    const mail = await server({});
    const lines = ['one\r\nBcc: thief@example.com\r\n\r\nhello', 'two\r\n.\r\nRCPT TO:<thief@example.com>'];
    const title = 'a\r\nBcc: thief@example.com\r\nX-Evil: yes\u2028z';
    expect(
      await sendMail(target({ port: mail.port }), { title, lines, items: [] }, 5_000, signal),
    ).toBeNull();
    const { to, source } = mail.mails[0] ?? { to: [], source: '' };
    expect(to).toEqual(['desk@example.com', 'night@example.com']);
    const head = source.split(/\r?\n\r?\n/)[0] ?? '';
    expect(head).not.toMatch(/^(Bcc|X-Evil):/im);
    expect(source.split(/\r?\n/).filter((line) => /^(Bcc|RCPT)/i.test(line))).toEqual([]);
  });

  test('that the server refuses ends in a code, without what it said and without the password', async () => {
    const refusing = await server({ password: 'another one' });
    const wrong = { ...target({ port: refusing.port }), user: 'sync', password: PASSWORD };
    expect(await sendMail(wrong, message, 5_000, signal)).toBe('smtp-535');
    const nobody = await server({
      onRecipient: () => Object.assign(new Error('no such user: secret words'), { responseCode: 550 }),
    });
    expect(await sendMail(target({ port: nobody.port }), message, 5_000, signal)).toBe('smtp-550');
    expect(await sendMail(target({ port: 1 }), message, 5_000, signal)).toMatch(/^E[A-Z]+$/);
  });
});

test('an alert by mail is said once, and taken back when it is over; a daemon that does nothing says so itself', async () => {
  const ours = await createTestDatabase();
  cleanups.push(() => ours.drop());
  const database = await ours.open();
  await database.sql`insert into udesk_sync.pair (name, udesk_certified_at, crm_certified_at) values ('main', now(), now())`;
  const mail = await server({ password: PASSWORD });
  const yaml = `
pairs:
  - name: main
    udesk: { baseUrl: 'https://demo.udesk.cn', email: a@example.com, token: 'token-of-udesk' }
    crm: { adapter: memory }
    fields: [ { udesk: nick_name, crm: name } ]
alerts:
  - { type: email, host: localhost, port: ${mail.port}, tls: none, user: sync, password: \${SMTP_PASSWORD}, from: sync@example.com, to: [desk@example.com], on: [auth, stalled] }
`;
  const config = loadConfig({
    env: { SMTP_PASSWORD_FILE: '/run/secrets/smtp' },
    readFile: (path) => (path === '/run/secrets/smtp' ? `${PASSWORD}\n` : yaml),
    adapters: crmAdapters,
  });
  const worker: FakeWorker = failingWorker();
  const logged: string[] = [];
  let now = Date.parse('2026-11-25T00:00:00.000Z');
  const daemon = (): Alerts =>
    createAlerts(
      {
        db: database.db,
        log: pino({ level: 'trace' }, { write: (line) => void logged.push(line) }),
        clock: () => new Date(now),
        monotonic: () => now,
        random: Math.random,
        sleep: async () => {},
        owner: crypto.randomUUID(),
        workers: [worker],
        gauges: () => withTimeout(loadGauges(database.db, ['main']), 1_000),
        place: { locale: 'en', publicUrl: null },
        timezone: 'Asia/Shanghai',
        delivery: { retries: 1, minDelayMs: 1, timeoutMs: 5_000 },
      },
      channelsOf(config.alerts),
    );
  const look = async (alerts: Alerts, laterMs = 0) => {
    now += laterMs;
    await alerts.tick(signal);
  };
  const said = () =>
    mail.mails.flatMap(({ source }) => source.match(/\[(ALERT|STILL|OVER)\] main: [^\r\n]*/g) ?? []);

  const first = daemon();
  await look(first);
  for (let n = 0; n < 5; n++) await look(first, MINUTE);
  await look(daemon(), MINUTE);
  expect(said()).toEqual([expect.stringMatching(/^\[ALERT\] main: the CRM refuses the credentials/)]);

  now += 60 * MINUTE;
  worker.health = { ...WELL, lastGoodAtMs: now };
  await look(daemon());
  expect(said()[1]).toMatch(/^\[OVER\] main: the CRM accepts the credentials again/);

  await look(daemon(), 20 * MINUTE);
  const late = daemon();
  await look(late, 20 * MINUTE);
  await look(late, 20 * MINUTE);
  expect(said().slice(2)).toEqual([expect.stringMatching(/^\[ALERT\] main: no cycle has ended well/)]);
  expect(logged.join('\n')).not.toMatch(/p4ssword|desk@example\.com/);
});
