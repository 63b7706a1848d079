/**
 * Udesk behind the port: the engine sees a side with a manifest, never a vendor.
 * Udesk has no compare-and-set, no change cursor and no visible deletions; the engine makes up for it (sync design §7, §8).
 */
import type { UdeskContacts } from '../core/id-merge.ts';
import { phoneForms } from '../core/phone.ts';
import type { Manifest, Patch, SideRecord } from '../core/record.ts';
import type { MatchKeyKind } from '../core/spec.ts';
import { isSet, type SetValue, type Value } from '../core/value.ts';
import type { CallOptions, Side } from '../crm/adapter.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { BATCH_ROWS, udeskBatchCreate } from './batch-create.ts';
import { checkUdesk, fingerprintOf } from './check.ts';
import type { LookupType, UdeskClient } from './client.ts';
import { contactsOf, hasElementIds, NO_CONTACTS, touchesContacts } from './contacts.ts';
import { decodeChanges } from './decode-changes.ts';
import { decodeCustomer } from './decode-customer.ts';
import { looseText } from './element.ts';
import { encodeCustomer } from './encode-customer.ts';
import { LIST_CAP, onePage, sweep } from './enumerate.ts';
import { sweepShards } from './enumerate-shards.ts';
import type { JsonObject } from './json.ts';

export interface UdeskSideOptions {
  readonly client: UdeskClient;
  /** Rows per list page, at most 100. */
  readonly pageSize?: number;
  /** Mapped custom fields (`custom.TextField_1`): ABSENT where a customer does not list them. */
  readonly customFields?: readonly string[];
  /** Those of them that are selections, and so sets. */
  readonly customSets?: readonly string[];
  /** Ids of saved filters that cover a tenant above the cap of the list together. */
  readonly shards?: readonly string[];
  /** ISO 3166 country by which phones without a country code are compared; CN unless given. */
  readonly defaultRegion?: string;
}

const PAGE_SIZE = 100;
/** What the quota counts by where it counts per endpoint. */
const ENDPOINTS = {
  enumerate: 'customers',
  read: 'customers/get_customer',
  history: 'customers/feeds',
} as const;
/** The documented default (api.md §7): what more may be asked for is unknown. */
const FEED_PAGE_SIZE = 20;
/** INF: nothing is known about the lag of Udesk's lookups (api.md §11). */
const LOOKUP_LAG_MS = 2_000;

export function createUdeskSide(options: UdeskSideOptions): Side {
  const { client, pageSize = PAGE_SIZE, customFields = [], customSets = [], shards = [] } = options;
  const { defaultRegion = 'CN' } = options;

  function decode(raw: unknown): SideRecord {
    const decoded = decodeCustomer(raw, customFields);
    if (decoded.ok) return decoded.record;
    throw new SyncError('contract', `a customer cannot be read: ${decoded.dropped.reason}`, {
      side: 'udesk',
      code: 'unreadable-customer',
      ...(decoded.dropped.id === null ? {} : { record: decoded.dropped.id }),
    });
  }

  const at = ({ urgency = 'now' }: CallOptions = {}): UdeskClient =>
    urgency === 'now' ? client : urgency === 'soon' ? soon : inBackground;
  const soon = client.at('soon');
  const inBackground = client.at('background');

  async function find(
    type: LookupType,
    content: string,
    signal?: AbortSignal,
    from: UdeskClient = client,
  ): Promise<SideRecord | null> {
    const raw = await from.getCustomer(type, content, signal);
    return raw === null ? null : decode(raw);
  }

  /** The contact points with their ids: from the verified record, or by a point read when its shape had none. */
  async function contactsFor(
    current: SideRecord,
    patch: Patch,
    signal?: AbortSignal,
  ): Promise<UdeskContacts> {
    if (!touchesContacts(patch)) return NO_CONTACTS;
    const known = contactsOf(current, patch);
    if (known !== null) return known;
    const fresh = await find('id', current.id, signal);
    if (fresh === null) throw gone(current.id);
    refuseMoved(fresh, patch);
    const contacts = contactsOf(fresh, patch);
    if (contacts === null) {
      throw new SyncError(
        'contract',
        'Udesk does not tell the ids of e-mails and phones, so none can be changed safely',
        {
          side: 'udesk',
          record: current.id,
          code: 'no-element-ids',
        },
      );
    }
    return contacts;
  }

  /** The whole record after a write: the answer, or a point read when its shape leaves something out. */
  async function afterWrite(
    raw: JsonObject,
    patch: Patch,
    knownId: string | null,
    signal?: AbortSignal,
  ): Promise<SideRecord> {
    const decoded = decodeCustomer(raw, customFields);
    if (decoded.ok && isWhole(decoded.record, patch)) return decoded.record;
    const id = decoded.ok ? decoded.record.id : (decoded.dropped.id ?? knownId);
    try {
      const fresh = id === null ? null : await find('id', id, signal);
      if (fresh !== null) return completed(decoded.ok ? decoded.record : null, fresh, patch);
    } catch (error) {
      throw unclear(id, error);
    }
    if (decoded.ok) return decoded.record;
    throw unclear(id, null);
  }

  const listed = (call?: CallOptions) => ({
    client: at(call),
    pageSize,
    customFields,
    signal: call?.signal,
  });

  return {
    manifest: manifest(customSets, shards.length),
    check: (call) => checkUdesk(client, shards, call?.signal),
    fingerprint: async () => fingerprintOf(client),
    enumerate: (call) =>
      shards.length === 0 ? sweep(listed(call)) : sweepShards({ ...listed(call), shards }),
    page: (page, call) => onePage(listed(call), page),
    changes() {
      throw new SyncError('invariant', 'Udesk has no change cursor', { side: 'udesk' });
    },
    read: (id, call) => find('id', id, call?.signal, at(call)),
    clockSkewMs: () => client.clockSkewMs(),
    waitMs: (call, urgency, calls) => client.waitMs(ENDPOINTS[call], urgency, calls),
    async history(id, page, call) {
      const found = await at(call).feeds('id', id, page, FEED_PAGE_SIZE, call?.signal);
      const { dropped, totalPages } = found;
      const rows = found.items.length + dropped.length;
      const items = found.items.map((item) =>
        item.kind === 'Alteration'
          ? {
              ...item,
              changes: decodeChanges(item.data.summary, customSets),
              text: looseText(item.data.summary),
            }
          : item,
      );
      const last = totalPages === null ? rows < FEED_PAGE_SIZE : page >= totalPages;
      return { items, dropped, last, clockSkewMs: client.clockSkewMs() };
    },
    async lookup(kind: MatchKeyKind, value, call) {
      // Udesk keeps a phone as it was typed, and nothing says that it looks it up in any other form (api.md §11.11).
      for (const form of kind === 'cellphone' ? phoneForms(value, defaultRegion) : [value]) {
        const found = await find(kind, form, call?.signal);
        if (found !== null) return [found];
      }
      return [];
    },
    async create({ patch, marker }, call) {
      const body = encodeCustomer(patch, NO_CONTACTS, defaultRegion, marker);
      const raw = await client.createCustomer(body, call?.signal);
      return await afterWrite(raw, patch, null, call?.signal);
    },
    batchCreate: udeskBatchCreate(client, defaultRegion),
    async update({ id, patch, current }, call) {
      if (Object.keys(patch).length === 0) throw new SyncError('invariant', 'an empty patch', { record: id });
      const contacts = await contactsFor(current, patch, call?.signal);
      const body = encodeCustomer(patch, contacts, defaultRegion, null);
      if (body === null) {
        const unchanged = await find('id', id, call?.signal);
        if (unchanged === null) throw gone(id);
        return unchanged;
      }
      const raw = await client.updateCustomer('id', id, body, call?.signal);
      if (raw === null) throw gone(id);
      return await afterWrite(raw, patch, id, call?.signal);
    },
    async delete(id, call) {
      await client.deleteCustomer('id', id, call?.signal);
    },
    close: () => client.close(),
  };
}

function manifest(customSets: readonly string[], shards: number): Manifest {
  return {
    adapter: 'udesk',
    setFields: ['emails', 'cellphones', 'tags', ...customSets],
    capacity: {},
    // Custom fields differ per tenant: any name may be asked for.
    fields: null,
    readOnlyFields: [],
    changeCursor: null,
    compareAndSet: false,
    visibleDeletes: false,
    // A customer that a point read does not find is not there: nothing in Udesk hides one from an administrator.
    mayHide: false,
    externalId: { unique: false },
    lookups: ['token', 'email', 'cellphone'],
    lookupLagMs: LOOKUP_LAG_MS,
    elementIds: true,
    trustedTime: false,
    timeResolutionMs: 1_000,
    enumerationCap: LIST_CAP * Math.max(1, shards),
    canDelete: true,
    batch: { maxRows: BATCH_ROWS, outcome: 'unsaid' },
    rateLimit: { calls: 60, windowMs: 60_000 },
    // What a create does with an e-mail or phone that exists is not documented (api.md §11.4).
    createMayOverwrite: true,
  };
}

/**
 * The answer completed by a read that came after it. What the answer told of the written fields stays: somebody may
 * have edited them in between. Written fields that only the read told are named (`reread`).
 */
function completed(answer: SideRecord | null, fresh: SideRecord, patch: Patch): SideRecord {
  const fields: Record<string, Value> = { ...fresh.fields };
  const reread: string[] = [];
  for (const name of Object.keys(patch)) {
    const told = answer?.fields[name];
    const read = fields[name];
    if (told === undefined) reread.push(name);
    // The read knows the element ids that the answer's shape leaves out.
    else if (isSet(told) && read !== undefined && isSet(read)) fields[name] = withIds(told, read);
    else fields[name] = told;
  }
  return { ...fresh, fields, reread };
}

function withIds(told: SetValue, read: SetValue): SetValue {
  const ids = new Map(read.map((element) => [element.value, element.id]));
  return told.map(({ id, value }) => ({ id: id ?? ids.get(value) ?? null, value }));
}

/** Whether the shape told all that a base needs: what the detail call always tells (api.md §4), and what was written. */
function isWhole(record: SideRecord, patch: Patch): boolean {
  const { fields } = record;
  if (!hasElementIds(fields.emails, fields.email) || !hasElementIds(fields.cellphones)) return false;
  return [...DETAIL_FIELDS, ...Object.keys(patch)].every((name) => fields[name] !== undefined);
}

const DETAIL_FIELDS = [
  'nick_name',
  'email',
  'description',
  'level',
  'tags',
  'token',
  'organization',
] as const;

/** A point read inside an update must still show what the plan was made from. */
function refuseMoved(fresh: SideRecord, patch: Patch): void {
  for (const [name, write] of Object.entries(patch)) {
    const now = fresh.fields[name];
    if (now === undefined || sameText(now, write.before)) continue;
    throw new SyncError('stale', 'the customer was changed in Udesk since it was verified', {
      side: 'udesk',
      record: fresh.id,
      field: name,
    });
  }
}

function sameText(left: Value, right: Value): boolean {
  const text = (value: Value): string =>
    isSet(value) ? JSON.stringify(value.map((element) => element.value).sort()) : JSON.stringify(value);
  return text(left) === text(right);
}

function gone(id: string): SyncError {
  return new SyncError('stale', 'the customer is no longer in Udesk', {
    side: 'udesk',
    record: id,
    code: 'not-found',
  });
}

/** The write was accepted, but not what the customer holds now: to be read back, never to be sent again. */
function unclear(id: string | null, error: unknown): SyncError {
  const why = isSyncError(error) ? `: ${error.message}` : '';
  return new SyncError(
    'ambiguous',
    `Udesk accepted the write, but what it holds now could not be read${why}`,
    {
      side: 'udesk',
      ...(id === null ? {} : { record: id }),
    },
  );
}
