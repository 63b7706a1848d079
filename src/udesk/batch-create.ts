/**
 * Udesk's asynchronous import as the port's batch create. It takes fewer fields than a create does, and no external id
 * (udesk/api.md §2.6, §11.15): what it cannot carry is created on its own.
 */
import type { Patch } from '../core/record.ts';
import type { BatchCreate, CreateRequest, Side } from '../crm/adapter.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { BATCH_SIZE, type BatchCustomer } from './batch-import.ts';
import type { UdeskClient } from './client.ts';
import { NO_CONTACTS } from './contacts.ts';
import { encodeCustomer } from './encode-customer.ts';

/** INF: when an import is carried out is not documented (api.md §11.15). */
const LAG_MS = 120_000;

/** One less than a page of the list: a look at its head then shows a whole batch, and somebody known behind it. */
export const BATCH_ROWS = BATCH_SIZE - 1;

export function udeskBatchCreate(client: Pick<UdeskClient, 'batchImport'>, region: string): BatchCreate {
  return {
    maxRows: BATCH_ROWS,
    lagMs: LAG_MS,
    fits: async ({ patch }) => batchRow(patch, region) !== null,
    async send(requests, call) {
      const rows = requests.map(({ patch }) => batchRow(patch, region));
      if (rows.some((row) => row === null)) {
        throw new SyncError('rejected', 'a batch cannot carry one of its rows', { side: 'udesk' });
      }
      await client.batchImport(rows as BatchCustomer[], call?.signal);
    },
  };
}

/** The batch create of a side whose values are told in other words; a create that cannot be translated does not fit. */
export function translatedBatch(
  side: Side,
  translate: (request: CreateRequest, signal: AbortSignal | undefined) => Promise<CreateRequest>,
): Pick<Side, 'batchCreate'> {
  const batch = side.batchCreate;
  if (batch === undefined) return {};
  return {
    batchCreate: {
      ...batch,
      async fits(request, call) {
        try {
          return await batch.fits(await translate(request, call?.signal), call);
        } catch (error) {
          // On its own it is refused with the reason.
          if (isSyncError(error, 'rejected')) return false;
          throw error;
        }
      },
      async send(requests, call) {
        const translated: CreateRequest[] = [];
        for (const request of requests) translated.push(await translate(request, call?.signal));
        await batch.send(translated, call);
      },
    },
  };
}

const CARRIED: ReadonlySet<string> = new Set([
  'nick_name',
  'description',
  'level',
  'organization_id',
  'owner_id',
  'owner_group_id',
  'custom_fields',
]);

/**
 * The row that creates exactly what `POST /customers` would, or null where a batch cannot: a field that it does not
 * take, no name or no e-mail and phone (the importer wants both), a value that Udesk refuses, or a primary e-mail among
 * several (which of a plain list becomes the primary one is not documented).
 */
export function batchRow(patch: Patch, region: string): BatchCustomer | null {
  const body = bodyOf(patch, region);
  if (body === null) return null;
  const { email, cellphones = [], is_blocked, ...rest } = body.customer;
  if (is_blocked !== undefined && is_blocked !== null && is_blocked !== false) return null;
  if (Object.keys(rest).some((name) => !CARRIED.has(name))) return null;
  const emails = [...texts([email]), ...contents(body.other_emails ?? [])];
  if (patch.email !== undefined && emails.length > 1) return null;
  const phones = contents(cellphones as readonly unknown[]);
  const { nick_name, level } = rest;
  if (typeof nick_name !== 'string' || nick_name.trim() === '' || emails.length + phones.length === 0)
    return null;
  if (level !== undefined && level !== 'normal' && level !== 'vip') return null;
  const ids = Object.fromEntries(
    (['organization_id', 'owner_id', 'owner_group_id'] as const).flatMap((name) =>
      rest[name] === undefined || rest[name] === null
        ? []
        : [[name, JSON.stringify(rest[name]).replaceAll('"', '')]],
    ),
  );
  return {
    nick_name,
    ...(emails.length === 0 ? {} : { emails }),
    ...(phones.length === 0 ? {} : { cellphones: phones }),
    ...(typeof rest.description === 'string' ? { description: rest.description } : {}),
    ...(level === undefined ? {} : { level }),
    ...ids,
    ...(rest.custom_fields === undefined
      ? {}
      : { custom_fields: rest.custom_fields as Readonly<Record<string, unknown>> }),
    ...(body.tags === undefined ? {} : { tags: body.tags.split(',').filter((tag) => tag !== '') }),
  };
}

function bodyOf(patch: Patch, region: string): ReturnType<typeof encodeCustomer> {
  try {
    return encodeCustomer(patch, NO_CONTACTS, region, null);
  } catch (error) {
    // Created on its own it is refused with the reason, for a person to read.
    if (isSyncError(error, 'rejected')) return null;
    throw error;
  }
}

/** The values of `[[null, value], …]`. */
function contents(pairs: readonly unknown[]): string[] {
  return texts(pairs.map((pair) => (Array.isArray(pair) ? pair[1] : null)));
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value): value is string => typeof value === 'string' && value.trim() !== '');
}
