/** A messenger's address on loopback: keeps what it is sent, and answers, fails or hangs as the test says. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AlertItem } from '../../src/daemon/alert-text.ts';

export interface Received {
  readonly title: string;
  readonly text: string;
  readonly alerts: readonly AlertItem[];
}

export interface AlertReceiver {
  /** Its path is a secret, as with real messengers. */
  readonly url: string;
  readonly received: readonly Received[];
  /** `hang`: takes the message and never answers. */
  answer: number | 'hang';
  close(): Promise<void>;
}

export async function startReceiver(): Promise<AlertReceiver> {
  const received: Received[] = [];
  const hanging: ServerResponse[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      received.push(JSON.parse(body) as Received);
      if (receiver.answer === 'hang') hanging.push(response);
      else response.writeHead(receiver.answer).end('what a vendor says: s3cr3t-words');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: AlertReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/s3cr3t-path`,
    received,
    answer: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
