/** A real SMTP server on loopback for tests: keeps what it is sent, and insists on TLS and a password as the test says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, with its headers. */
  readonly source: string;
  readonly secure: boolean;
  readonly user: string | null;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  /** Words with which every sign-in that was tried was tried. */
  readonly passwords: readonly string[];
  close(): Promise<void>;
}

export async function startMailServer(options: {
  readonly tls?: { readonly key: string; readonly cert: string; readonly implicit: boolean };
  readonly password?: string;
  readonly onRecipient?: (address: string) => Error | null;
}): Promise<MailServer> {
  const { tls, password, onRecipient } = options;
  const mails: Mail[] = [];
  const passwords: string[] = [];
  const settings: SMTPServerOptions = {
    ...(tls === undefined
      ? { disabledCommands: ['STARTTLS'] }
      : { key: tls.key, cert: tls.cert, secure: tls.implicit }),
    authOptional: password === undefined,
    // A client that signs in before it has TLS is noticed, not stopped.
    allowInsecureAuth: true,
    onAuth(auth, _session, done) {
      passwords.push(auth.password ?? '');
      if (auth.password === password) done(null, { user: auth.username ?? '' });
      else done(Object.assign(new Error('no'), { responseCode: 535 }));
    },
    onRcptTo: (address, _session, done) => done(onRecipient?.(address.address) ?? null),
    onData(stream, session, done) {
      let source = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        source += text;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          source,
          secure: session.secure,
          user: session.user ?? null,
        });
        done(null);
      });
    },
  };
  const server = new SMTPServer(settings);
  // A client that will not go on with us (a certificate it does not know) is no fault of the server.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    passwords,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A certificate of `localhost` that vouches for itself; null without openssl. */
export function localCertificate(): { readonly key: string; readonly cert: string } | null {
  if (spawnSync('openssl', ['version']).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-cert-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'],
        ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
