/**
 * The asynchronous creation of many customers (udesk/api.md §2.6): plain lists of texts, `tags` inside each row.
 * What the API does with duplicates is not documented: switch `batch.duplicates`.
 */
import type { Author } from './directory.ts';
import { badParameter, Duplicate, missingParameter, Refusal } from './refusal.ts';
import type { Tenant } from './tenant.ts';
import { readWriteRequest, type WriteRequest } from './write-request.ts';

export interface BatchResult {
  /** Index in the posted list, and the tenant's words. */
  readonly errors: readonly (readonly [index: number, message: string])[];
  readonly successCount: number;
  readonly failedCount: number;
}

/** @throws Refusal for a body that has no list of customers */
export function readBatch(body: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { customers } = body;
  if (customers === undefined || customers === null) throw missingParameter('customers');
  if (!Array.isArray(customers)) throw badParameter('customers must be a list');
  if (customers.length === 0) throw missingParameter('customers');
  return customers;
}

/** Each row is whole or nothing. A row that is skipped counts on neither side. */
export function importBatch(
  tenant: Tenant,
  rows: readonly unknown[],
  duplicates: 'error' | 'skip' | 'update',
  author: Author,
): BatchResult {
  const errors: [number, string][] = [];
  let successCount = 0;
  for (const [index, row] of rows.entries()) {
    try {
      tenant.create(readRow(row, tenant), author, duplicates === 'update' ? 'update' : 'refuse');
      successCount += 1;
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      if (thrown instanceof Duplicate && duplicates === 'skip') continue;
      errors.push([index, thrown.message]);
    }
  }
  return { errors, successCount, failedCount: errors.length };
}

/** The first e-mail becomes the primary one (INF). A name, and an e-mail or a phone, are needed as in the importer. */
function readRow(row: unknown, tenant: Tenant): WriteRequest {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw badRow('未知错误');
  const {
    emails,
    cellphones,
    tags,
    email: _primary,
    other_emails: _others,
    ...rest
  } = row as Record<string, unknown>;
  const [primary, ...others] = texts(emails, '邮箱格式不对!');
  const phones = texts(cellphones, '电话格式不对!');
  if (typeof rest.nick_name !== 'string' || rest.nick_name.trim() === '') throw badRow('客户姓名不能为空');
  if (primary === undefined && phones.length === 0) throw badRow('邮箱和电话不能都为空');
  if (tags !== undefined && tags !== null && typeof tags !== 'string') throw badRow('标签格式不对!');
  const pairs = (list: readonly string[]) => list.map((content) => [null, content]);
  return readWriteRequest(
    {
      customer: { ...rest, email: primary ?? null, cellphones: pairs(phones) },
      ...(tags === undefined ? {} : { tags }),
      other_emails: pairs(others),
    },
    { missing: '2000', empty: '2000' },
    tenant.directory,
  );
}

function texts(value: unknown, message: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) throw badRow(message);
  return (value as string[]).map((item) => item.trim()).filter((item) => item !== '');
}

function badRow(message: string): Refusal {
  return new Refusal(2005, message, 'row is not valid');
}
