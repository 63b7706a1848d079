/** Delivers one message by SMTP. No address, no secret and no words of the server in any error. */
import { createTransport } from 'nodemailer';
import type { AlertMessage } from './alert-formats.ts';

export interface MailTarget {
  readonly host: string;
  readonly port: number;
  /** implicit: TLS from the first byte · starttls: TLS before anything is said, or nothing is said · none: this machine only */
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
  /** PEM of a certificate authority of one's own; left out: those that Node knows. */
  readonly ca?: string;
}

/**
 * One attempt. Certificates are verified; what the message holds cannot become a header or another recipient.
 * @returns null when the server took it for somebody, else a code for the log
 */
export async function sendMail(
  target: MailTarget,
  { title, lines, attachments = [] }: AlertMessage,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { host, port, tls, user, password, from, to, ca } = target;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    tls: { minVersion: 'TLSv1.2', servername: host, ...(ca === undefined ? {} : { ca }) },
    // Nothing in a message is ever a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const stop = () => transport.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: oneLine(title),
      text: `${lines.map(oneLine).join('\n')}\n`,
      attachments: attachments.map(({ name, type, text }) => ({
        filename: name,
        contentType: `${type}; charset=utf-8`,
        content: text,
      })),
      // So that no absence notice answers, and no list takes it for a person's mail.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    });
    return null;
  } catch (thrown) {
    if (signal.aborted) return 'timeout';
    return codeOf(thrown);
  } finally {
    signal.removeEventListener('abort', stop);
    transport.close();
  }
}

/** A line of a message is one line, whatever is in it: a name of a pair, or words that a side chose. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').trim();
}

/** `smtp-535`, or nodemailer's own code (`ECONNECTION`, `ETLS` …). */
function codeOf(thrown: unknown): string {
  const { responseCode, code } = (thrown ?? {}) as { responseCode?: unknown; code?: unknown };
  if (typeof responseCode === 'number') return `smtp-${responseCode}`;
  return typeof code === 'string' ? code : 'network';
}
