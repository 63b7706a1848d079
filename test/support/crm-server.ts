/**
 * What the two CRM servers of the tests share: people that are kept, real HTTP, and faults that are ordered. Each server
 * speaks a dialect of its own (rest-crm.ts, envelope-crm.ts).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CrmPoint {
  id: number;
  value: string;
}

export interface CrmPerson {
  readonly id: number;
  name: string | null;
  note: string | null;
  emails: CrmPoint[];
  phones: CrmPoint[];
  externalId: string | null;
  archived: boolean;
  updatedAtMs: number;
  version: number;
  /** Who changed it last. */
  editor: CrmEditor;
}

export interface CrmEditor {
  readonly id: number;
  readonly name: string;
}

export const CRM_PERSON: CrmEditor = { id: 12, name: '李雷' };
/** The user whose credentials the adapter has. */
export const CRM_SYNC: CrmEditor = { id: 3, name: 'Integration' };

export interface CrmEdit {
  readonly name?: string | null;
  readonly note?: string | null;
  readonly emails?: readonly string[];
  readonly phones?: readonly string[];
}

/** People as both servers keep them. Every write raises the version and the time. */
export class CrmPeople {
  readonly all: CrmPerson[] = [];
  /** Writes that were done, whoever made them. */
  writes = 0;
  #lastId = 0;
  #lastPoint = 0;

  live(): CrmPerson[] {
    return this.all.filter((person) => !person.archived);
  }

  find(id: string): CrmPerson | undefined {
    return this.all.find((person) => String(person.id) === id);
  }

  /** @throws CrmConflict */
  insert(edit: CrmEdit, externalId: string | null = null): CrmPerson {
    if (externalId !== null && this.all.some((one) => one.externalId === externalId))
      throw new CrmConflict('the external id is taken');
    const blank = {
      name: null,
      note: null,
      emails: [],
      phones: [],
      archived: false,
      updatedAtMs: 0,
      version: 0,
      editor: CRM_PERSON,
    };
    const person: CrmPerson = { id: ++this.#lastId, ...blank, externalId };
    this.all.push(person);
    this.edit(person, edit);
    return person;
  }

  edit(person: CrmPerson, edit: CrmEdit): void {
    if (edit.name !== undefined) person.name = edit.name;
    if (edit.note !== undefined) person.note = edit.note;
    if (edit.emails !== undefined) person.emails = edit.emails.map((value) => this.point(value));
    if (edit.phones !== undefined) person.phones = edit.phones.map((value) => this.point(value));
    this.touch(person);
  }

  point(value: string): CrmPoint {
    return { id: ++this.#lastPoint, value };
  }

  touch(person: CrmPerson, editor: CrmEditor = CRM_PERSON): void {
    person.editor = editor;
    person.version += 1;
    person.updatedAtMs = Date.now();
    this.writes += 1;
  }

  remove(person: CrmPerson): void {
    this.all.splice(this.all.indexOf(person), 1);
    this.writes += 1;
  }

  byEmail(value: string): CrmPerson[] {
    return this.all.filter(({ emails }) =>
      emails.some((one) => one.value.toLowerCase() === value.toLowerCase()),
    );
  }

  byPhone(value: string): CrmPerson[] {
    return this.all.filter(({ phones }) => phones.some((one) => digits(one.value) === digits(value)));
  }
}

export class CrmConflict extends Error {}

function digits(phone: string): string {
  return phone.replace(/\D/g, '').replace(/^(00)?86(?=\d{11}$)/, '');
}

export interface CrmRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface CrmReply {
  readonly status?: number;
  readonly json?: unknown;
  /** In the place of `json`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `cut`: the connection goes; `silent`: no answer ever. Before: the write is not done; after: it is, and nobody is told. */
export type CrmFault =
  | 'throttled'
  | 'unavailable'
  | 'cut-before'
  | 'cut-after'
  | 'silent-before'
  | 'silent-after';

export interface CrmDialect {
  /** Whether it may change something. */
  isWrite(request: CrmRequest): boolean;
  answer(request: CrmRequest): CrmReply;
  throttled(): CrmReply;
  unavailable(): CrmReply;
}

export interface CrmServer {
  readonly origin: string;
  readonly requests: CrmRequest[];
  /** Spent by the next write, or read, one each. */
  readonly faults: { readonly on: 'read' | 'write'; readonly kind: CrmFault }[];
  /** Told before each request is answered. */
  onRequest: (request: CrmRequest) => void;
  close(): Promise<void>;
}

export async function startCrmServer(dialect: CrmDialect): Promise<CrmServer> {
  const requests: CrmRequest[] = [];
  const faults: CrmServer['faults'] = [];
  const server = createServer(async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
    const url = new URL(incoming.url ?? '/', 'http://crm');
    const isJson = incoming.headers['content-type']?.includes('json') === true;
    const request: CrmRequest = {
      method: incoming.method ?? '',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
      text,
      body: isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
    requests.push(request);
    handle.onRequest(request);
    const on = dialect.isWrite(request) ? 'write' : 'read';
    const at = faults.findIndex((fault) => fault.on === on);
    const fault = at < 0 ? null : (faults.splice(at, 1)[0]?.kind ?? null);
    const undone = fault === null || fault.endsWith('-after') ? null : fault;
    const reply =
      undone === null
        ? dialect.answer(request)
        : undone === 'throttled'
          ? dialect.throttled()
          : dialect.unavailable();
    if (fault?.startsWith('cut') === true) incoming.socket.resetAndDestroy();
    if (fault?.startsWith('cut') === true || fault?.startsWith('silent') === true) return;
    const status = reply.status ?? 200;
    response.writeHead(status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle: CrmServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    onRequest: () => {},
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return handle;
}
