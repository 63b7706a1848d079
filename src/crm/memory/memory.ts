/**
 * The reference adapter: the port over a store in this process, with every capability to be switched and every
 * fault to be ordered. The engine's tests run against it under different manifests; `adapter: memory` in a config
 * tries a pair out without a CRM.
 */
import type { LastEdit, Manifest, SideRecord } from '../../core/record.ts';
import { ABSENT, isAbsent, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import { sha256 } from '../../lib/hash.ts';
import type { CreateRequest, EnumerationEnd, Page, Side } from '../adapter.ts';
import type { MappedField } from '../definition.ts';
import { holdsKey } from '../holds-key.ts';
import { applyPatch, compare, compareWhole } from './patch.ts';
import { type MemoryRow, MemoryTable, OWN_EDITOR } from './table.ts';

export type MemoryOperation =
  | 'check'
  | 'enumerate'
  | 'changes'
  | 'read'
  | 'lookup'
  | 'create'
  | 'update'
  | 'delete';

/** One fault, spent by the first call that it fits. */
export interface MemoryFault {
  /** Left out: any call. `write` stands for create, update and delete. */
  readonly on?: MemoryOperation | 'write';
  /** `ambiguous-after`: the write is done and its answer is lost; `ambiguous-before`: lost on the way there. */
  readonly kind:
    | 'ambiguous-before'
    | 'ambiguous-after'
    | 'throttled'
    | 'transient'
    | 'stale'
    | 'rejected'
    | 'auth'
    | 'cursor-expired';
  readonly retryAfterMs?: number;
}

export interface MemoryCrmOptions {
  /** Milliseconds since 1970; default: a clock that stands still at 2025-01-01. */
  readonly clock?: () => number;
  readonly fields?: readonly MappedField[];
  /** What differs from a CRM that can do everything. */
  readonly manifest?: Partial<Omit<Manifest, 'adapter'>>;
  readonly normalise?: (field: string, value: string) => string;
  readonly region?: string;
  readonly pageSize?: number;
  readonly fingerprint?: string;
  /** Whether it says of many contacts at once whom nobody holds. Default true. */
  readonly asksMany?: boolean;
  /** Runs after each page and before each write: the moment at which a test lets a person act. */
  readonly onStep?: (operation: MemoryOperation) => void | Promise<void>;
}

export interface MemoryCrm {
  readonly side: Side;
  readonly table: MemoryTable;
  /** Push to it; each fault is spent once. */
  readonly faults: MemoryFault[];
}

export const DEFAULT_MEMORY_FIELDS: readonly MappedField[] = [
  { name: 'emails', shape: 'set', equivalence: 'email' },
  { name: 'phones', shape: 'set', equivalence: 'phone' },
];

export function createMemoryCrm(options: MemoryCrmOptions = {}): MemoryCrm {
  const { clock = () => Date.UTC(2025, 0, 1), region = 'CN', pageSize = 100, onStep } = options;
  const fields = options.fields ?? DEFAULT_MEMORY_FIELDS;
  const manifest: Manifest = {
    adapter: 'memory',
    setFields: fields.filter((field) => field.shape === 'set').map((field) => field.name),
    capacity: {},
    fields: null,
    readOnlyFields: [],
    changeCursor: { overlapMs: 0, lateMs: 0 },
    compareAndSet: true,
    visibleDeletes: true,
    mayHide: false,
    externalId: { unique: true },
    lookups: [...(options.manifest?.externalId === null ? [] : (['token'] as const)), 'email', 'cellphone'],
    lookupLagMs: 0,
    elementIds: true,
    trustedTime: true,
    timeResolutionMs: 1,
    enumerationCap: null,
    canDelete: true,
    batch: null,
    rateLimit: null,
    tellsAuthor: true,
    ...options.manifest,
  };
  const context = { manifest, fields, region };
  const table = new MemoryTable({
    clock,
    setFields: manifest.setFields,
    elementIds: manifest.elementIds,
    normalise: options.normalise ?? ((_, value) => value),
  });
  const faults: MemoryFault[] = [];

  /** Throws what is ordered for this call; true: do it, and lose the answer. */
  function loseAnswer(operation: MemoryOperation): boolean {
    const isWrite = operation === 'create' || operation === 'update' || operation === 'delete';
    const at = faults.findIndex(({ on = operation }) => on === operation || (on === 'write' && isWrite));
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault === undefined) return false;
    if (fault.kind === 'ambiguous-after') return true;
    const kind = fault.kind === 'ambiguous-before' ? 'ambiguous' : fault.kind;
    const { retryAfterMs } = fault;
    throw new SyncError(kind, `the memory CRM was told to fail (${fault.kind})`, {
      side: 'crm',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  async function write(operation: 'create' | 'update' | 'delete', work: () => string): Promise<string> {
    await onStep?.(operation);
    const lost = loseAnswer(operation);
    const id = work();
    if (lost) {
      throw new SyncError('ambiguous', 'the memory CRM was told to lose the answer', {
        side: 'crm',
        record: id,
      });
    }
    return id;
  }

  /** Mapped fields of which nothing was ever stored have a place all the same: not to tell them would leave them out of every diff. */
  const unset: Readonly<Record<string, Value>> = Object.fromEntries(
    fields.map(({ name, shape }) => [name, shape === 'set' ? [] : ABSENT]),
  );

  function toRecord(row: MemoryRow): SideRecord {
    return {
      id: row.id,
      fields: { ...unset, ...row.fields },
      externalId: manifest.externalId === null ? null : row.externalId,
      version: manifest.compareAndSet ? String(row.version) : null,
      updatedAt: manifest.trustedTime ? new Date(row.updatedAt).toISOString() : null,
      lastEdit: manifest.tellsAuthor === true ? lastEditOf(row) : null,
    };
  }

  function inSight(id: string): MemoryRow | null {
    const row = table.find(id);
    return row === null || row.deleted || !table.isVisible(id) ? null : row;
  }

  function recordOf(id: string): SideRecord {
    const row = inSight(id);
    if (row === null) throw new SyncError('stale', 'the record is no longer there', { record: id });
    return toRecord(row);
  }

  async function* pages(operation: 'enumerate' | 'changes', since: number | null): AsyncGenerator<Page> {
    loseAnswer(operation);
    const cursor = manifest.changeCursor === null ? null : String(clock());
    // One snapshot: rows are immutable, so this is it.
    const rows = table.visible().filter((row) => since === null || row.updatedAt >= since);
    const cap = since === null ? (manifest.enumerationCap ?? rows.length) : rows.length;
    const reached = rows.slice(0, cap);
    const capped = reached.length < rows.length;
    const certified = operation === 'enumerate' && !capped;
    const reason = capped ? `only the first ${cap} rows can be listed` : 'only what changed since the cursor';
    const end: EnumerationEnd = { certified, reason: certified ? null : reason, cursor };
    for (let at = 0; at === 0 || at < reached.length; at += pageSize) {
      const page = reached.slice(at, at + pageSize);
      yield {
        records: page.filter((row) => !row.deleted).map(toRecord),
        deletedIds: manifest.visibleDeletes ? page.filter((row) => row.deleted).map((row) => row.id) : [],
        dropped: [],
        total: operation === 'enumerate' ? table.list().length : null,
        end: at + pageSize >= reached.length ? end : null,
      };
      await onStep?.(operation);
    }
  }

  function createRow({ patch, marker }: CreateRequest): string {
    const twin = table.all().find((row) => manifest.externalId !== null && row.externalId === marker);
    if (twin !== undefined) {
      if (!twin.deleted) return twin.id;
      throw new SyncError('rejected', 'the record of this marker was deleted', {
        record: twin.id,
        code: 'deleted',
      });
    }
    const asNew = Object.entries(patch)
      .filter(([, fieldWrite]) => !isAbsent(fieldWrite.after))
      .map(([field, fieldWrite]) => [field, { ...fieldWrite, before: null, ops: null }] as const);
    const id = table.insert(applyPatch(context, Object.fromEntries(asNew), {}), {
      externalId: manifest.externalId === null ? null : marker,
      editor: OWN_EDITOR,
    });
    table.writes.create++;
    return id;
  }

  function searched(): SideRecord[] {
    loseAnswer('lookup');
    const seen = table.list().filter((row) => clock() - row.createdAt >= manifest.lookupLagMs);
    return seen.map(toRecord);
  }

  const unheld: NonNullable<Side['unheld']> = async (contacts) => {
    const records = searched();
    return contacts.filter(
      ({ kind, value }) => !records.some((record) => holdsKey(context, record, kind, value)),
    );
  };

  const fingerprint = options.fingerprint ?? sha256('memory').slice(0, 32);
  const side: Side = {
    manifest,
    async check() {
      loseAnswer('check');
      return {
        findings: [{ level: 'info', message: 'a CRM in memory: it is gone when the process ends' }],
        count: table.list().length,
        clockSkewMs: 0,
        fingerprint,
        fields: manifest.fields,
      };
    },
    async fingerprint() {
      return fingerprint;
    },
    enumerate: () => pages('enumerate', null),
    async *changes(cursor) {
      if (manifest.changeCursor === null)
        throw new SyncError('invariant', 'the memory CRM has no change cursor');
      if (!/^\d+$/.test(cursor))
        throw new SyncError('cursor-expired', 'the position is not one of the memory CRM');
      yield* pages('changes', Number(cursor) - manifest.changeCursor.overlapMs);
    },
    async read(id) {
      loseAnswer('read');
      const row = inSight(id);
      return row === null ? null : toRecord(row);
    },
    async lookup(kind, value) {
      return searched().filter((record) => holdsKey(context, record, kind, value));
    },
    ...(options.asksMany === false ? {} : { unheld }),
    async create(request) {
      return recordOf(await write('create', () => createRow(request)));
    },
    async update(request) {
      if (Object.keys(request.patch).length === 0 && request.externalId === undefined) {
        throw new SyncError('invariant', 'an update without a change was sent to the memory CRM');
      }
      const id = await write('update', () => {
        const now = recordOf(request.id);
        compare(context, request, now);
        const stored = manifest.externalId === null ? undefined : request.externalId;
        table.edit(request.id, applyPatch(context, request.patch, now.fields), stored, OWN_EDITOR);
        table.writes.update++;
        return request.id;
      });
      return recordOf(id);
    },
    async delete(id, options) {
      if (!manifest.canDelete)
        throw new SyncError('rejected', 'the memory CRM deletes nothing', { record: id });
      await write('delete', () => {
        if (inSight(id) === null) return id;
        if (options?.current !== undefined && manifest.compareAndSet)
          compareWhole(context, options.current, recordOf(id));
        table.delete(id);
        table.writes.delete++;
        return id;
      });
    },
    async close() {},
  };
  return { side, table, faults };
}

function lastEditOf({ editor, updatedAt }: MemoryRow): LastEdit {
  return { ...editor, at: new Date(updatedAt).toISOString(), own: editor === OWN_EDITOR };
}
