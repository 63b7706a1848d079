/** The reporting schema as its readers meet it: the text of docs/reporting.md, the catalog, and the read-only role. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type postgres from 'postgres';
import { AGENTS } from '../../src/simulator/directory.ts';
import type { Database } from '../../src/store/database.ts';
import { toJsonb } from '../../src/store/jsonb.ts';
import { grantReporting } from '../../src/store/reporting-role.ts';
import type { World } from './world.ts';

const DOCUMENT = readFileSync(fileURLToPath(new URL('../../docs/reporting.md', import.meta.url)), 'utf8');

/** The text below a heading of the document, up to the next heading of that level or a higher one. */
export function section(heading: string): string {
  const from = DOCUMENT.indexOf(`\n### ${heading}\n`);
  if (from < 0) throw new Error(`docs/reporting.md has no "### ${heading}"`);
  const text = DOCUMENT.slice(DOCUMENT.indexOf('\n', from + 1) + 1);
  const end = text.search(/^##/m);
  return (end < 0 ? text : text.slice(0, end)).trim();
}

export function headings(): string[] {
  return [...DOCUMENT.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading ?? '');
}

/** The query with which the document answers a question. */
export function answerTo(question: string): string {
  const [, query] = /```sql\n([\s\S]+?)```/.exec(section(question)) ?? [];
  if (query === undefined) throw new Error(`docs/reporting.md shows no SQL for "${question}"`);
  return query;
}

export async function viewsOf(sql: postgres.Sql): Promise<string[]> {
  const found = await sql<{ viewname: string }[]>`
    select viewname from pg_views where schemaname = 'report' order by viewname`;
  return found.map(({ viewname }) => viewname);
}

export interface Analyst {
  readonly role: string;
  /** Runs one statement with the rights of the role and nothing else. */
  ask<T extends postgres.Row = postgres.Row>(query: string): Promise<T[]>;
  /** Roles outlive their databases. */
  close(): Promise<void>;
}

/** A person with the reporting role. */
export async function createAnalyst(
  database: Database,
  role = `analyst ${crypto.randomUUID()}`,
): Promise<Analyst> {
  await grantReporting(database, role);
  return {
    role,
    async ask<T extends postgres.Row>(query: string): Promise<T[]> {
      let rows: T[] = [];
      await database.sql.begin(async (tx) => {
        await tx.unsafe(`set local role ${quoted(role)}`);
        rows = [...(await tx.unsafe<T[]>(query))] as T[];
      });
      return rows;
    },
    async close() {
      await dropRole(database, role);
    },
  };
}

export async function dropRole(database: Database, role: string): Promise<void> {
  await database.sql.unsafe(`drop owned by ${quoted(role)}`);
  await database.sql.unsafe(`drop role ${quoted(role)}`);
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export interface FeedItem {
  readonly kind: string;
  readonly id: string;
  readonly udeskId: string;
  /** ISO 8601; null for all kinds but changes. */
  readonly at?: string | null;
  readonly author?: { readonly id: string; readonly name: string };
  readonly data?: Readonly<Record<string, unknown>>;
  readonly seen?: string;
}

/** Items of a history as if they had been read from Udesk; those that the engine has read already stay as they are. */
export async function addFeeds(database: Database, items: readonly FeedItem[]): Promise<void> {
  for (const { kind, id, udeskId, at = null, author, data = {}, seen = '2026-05-05T12:00:00Z' } of items) {
    await database.sql`
      insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, at, author_id, author_name, data, first_seen_at, kept_at)
      values ('main', ${kind}, ${id}, ${udeskId}, ${at}, ${author?.id ?? null}, ${author?.name ?? null},
        ${toJsonb(data)}::text::jsonb, ${seen}, coalesce(${at}::timestamptz, 'infinity'))
      on conflict do nothing`;
  }
}

/** What the simulated Udesk says about who changed what, read into our tables. */
export async function readFeedsOf(world: World, udeskId: string): Promise<void> {
  await addFeeds(
    world.database,
    world.simulator.tenant.feeds(udeskId).map(({ id, time, author, summary }) => ({
      kind: 'Alteration',
      id,
      udeskId,
      at: time,
      author: { id: String(author?.id ?? ''), name: author?.nick_name ?? '' },
      data: { summary },
    })),
  );
}

/** The names of the simulator's agents, as the directory lane reads them. */
export async function addAgents(database: Database): Promise<void> {
  for (const { id, nick_name } of AGENTS) {
    await database.sql`
      insert into udesk_sync.directory (pair, kind, remote_id, name, email, data, observed_at)
      values ('main', 'agent', ${String(id)}, ${nick_name}, ${`${id}@example.com`}, '{}', now())`;
  }
}
