/**
 * Query jobs of Bulk API 2.0 ("Query Jobs" in the Bulk API 2.0 Developer Guide): made, asked for until JobComplete, read as
 * CSV in sets, each with the header line; `Sforce-Locator` names the next set, the word `null` the end.
 */
import type { CrmReply, CrmRequest } from '../crm-server.ts';
import { type SfContext, show } from './routes.ts';
import { SfError } from './soql.ts';

export interface SfBulk {
  /** How often a job is asked for before it is done. */
  polls: number;
  /** What the next job ends as. */
  ends: 'JobComplete' | 'Failed';
  /** Rows that are found and never given. */
  loses: number;
  readonly jobs: Map<string, SfJob>;
}

interface SfJob {
  readonly soql: string;
  readonly operation: string;
  left: number;
  readonly ends: string;
  lines: string[][] | null;
}

export function createBulk(): SfBulk {
  return { polls: 1, ends: 'JobComplete', loses: 0, jobs: new Map() };
}

export function answerBulk(context: SfContext, bulk: SfBulk, request: CrmRequest): CrmReply {
  const [, , , id = '', part = ''] = request.path.slice(context.base.length).split('/');
  if (id === '') {
    const { operation, query } = request.body as { operation: string; query: string };
    context.org.query(query, operation === 'queryAll');
    const jobId = `750000000000${String(bulk.jobs.size + 1).padStart(3, '0')}AAA`;
    bulk.jobs.set(jobId, { soql: query, operation, left: bulk.polls, ends: bulk.ends, lines: null });
    bulk.ends = 'JobComplete';
    return { json: info(context, jobId, 'UploadComplete', operation) };
  }
  const job = bulk.jobs.get(id);
  if (job === undefined) throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
  if (request.method === 'DELETE') {
    bulk.jobs.delete(id);
    return { status: 204 };
  }
  if (part === 'results') return results(bulk, job, request);
  if (job.left > 0) {
    job.left -= 1;
    return { json: info(context, id, 'InProgress', job.operation) };
  }
  job.lines ??= linesOf(context, job);
  return {
    json: { ...info(context, id, job.ends, job.operation), numberRecordsProcessed: job.lines.length - 1 },
  };
}

function linesOf(context: SfContext, job: SfJob): string[][] {
  const { query, rows } = context.org.query(job.soql, job.operation === 'queryAll');
  const names = query.select ?? [];
  const lines = rows.map((row) => {
    const shown = show(context, query.from, names, row);
    return names.map((name) => {
      // A parent's field is a column of its own here.
      const value = shown[name] ?? row[name] ?? '';
      // In CSV times end in Z.
      return String(value).replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+0000$/, '$1Z');
    });
  });
  return [[...names], ...lines];
}

function results({ loses }: SfBulk, job: SfJob, { query }: CrmRequest): CrmReply {
  if (job.lines === null || job.ends !== 'JobComplete')
    throw new SfError(400, 'INVALIDJOBSTATE', 'the job is not complete');
  const [header = [], ...found] = job.lines;
  const rows = found.slice(loses);
  const locator = query.get('locator');
  const from = locator === null ? 0 : Number(Buffer.from(locator, 'base64').toString());
  const to = from + Number(query.get('maxRecords') ?? 10_000);
  const set = rows.slice(from, to);
  return {
    text: `${[header, ...set]
      .map((line) => line.map((one) => `"${one.replaceAll('"', '""')}"`).join(','))
      .join('\n')}\n`,
    headers: {
      'content-type': 'text/csv',
      'sforce-locator': to < rows.length ? Buffer.from(String(to)).toString('base64') : 'null',
      'sforce-numberofrecords': String(set.length),
    },
  };
}

function info(context: SfContext, id: string, state: string, operation: string) {
  const apiVersion = Number(/v([\d.]+)$/.exec(context.base)?.[1]);
  return {
    id,
    operation,
    object: 'Contact',
    state,
    apiVersion,
    contentType: 'CSV',
    concurrencyMode: 'Parallel',
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
  };
}
