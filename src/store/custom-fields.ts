/**
 * Definitions of Udesk's custom fields: as last read, and as the mapping was pinned to them. First sight pins, a new
 * option pins itself (it changes no meaning); everything else that changes is drift until a person accepts it.
 */
import { sql } from 'drizzle-orm';
import { fromJsonb } from './jsonb.ts';
import type { OptionRow, PinnedField } from './schema/field.ts';
import { type Db, jsonParam, rows } from './tx.ts';

export interface FieldDefinition {
  /** The pair's field name: custom.SelectField_1. */
  readonly name: string;
  readonly label: string;
  readonly contentType: string;
  readonly required: boolean;
  readonly options: readonly OptionRow[];
}

export interface KnownField extends FieldDefinition {
  readonly pinned: PinnedField;
  /** ISO 8601 UTC; null while Udesk lists the field. */
  readonly vanishedAt: string | null;
}

export interface FieldDrift {
  readonly field: string;
  readonly kind: 'vanished' | 'retyped' | 'option-moved' | 'option-gone' | 'option-new';
  /** The option's value on the wire, where it is about one. */
  readonly value: string | null;
  /** Label or type as pinned, and as it is now. */
  readonly was: string | null;
  readonly now: string | null;
}

export async function loadKnownFields(db: Db, pair: string): Promise<KnownField[]> {
  const found = await rows<{
    name: string;
    label: string | null;
    content_type: string;
    required: boolean;
    options: string;
    pinned: string;
    vanished_at: string | null;
  }>(
    db,
    sql`select name, label, content_type, required, options::text as options, pinned::text as pinned,
          to_char(vanished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as vanished_at
        from udesk_sync.custom_field where pair = ${pair} order by name`,
  );
  return found.map((row) => ({
    name: row.name,
    label: row.label ?? row.name,
    contentType: row.content_type,
    required: row.required,
    options: fromJsonb<OptionRow[]>(row.options),
    pinned: fromJsonb<PinnedField>(row.pinned),
    vanishedAt: row.vanished_at,
  }));
}

/**
 * Stores what Udesk says now.
 * @param seen `complete` is false when a definition could not be read: then nothing counts as vanished
 */
export async function observeFields(
  db: Db,
  pair: string,
  seen: { readonly fields: readonly FieldDefinition[]; readonly complete: boolean },
  at: Date,
): Promise<KnownField[]> {
  return await db.transaction(async (tx) => {
    await lockFields(tx, pair);
    const known = new Map((await loadKnownFields(tx, pair)).map((field) => [field.name, field]));
    for (const field of seen.fields) {
      const before = known.get(field.name);
      const now = { ...field, pinned: before?.pinned ?? asPinned(field), vanishedAt: null };
      known.set(field.name, { ...now, pinned: withNewOptions(now) });
    }
    const listed = new Set(seen.fields.map(({ name }) => name));
    for (const field of known.values()) {
      if (listed.has(field.name) || !seen.complete) continue;
      known.set(field.name, { ...field, vanishedAt: field.vanishedAt ?? at.toISOString() });
    }
    for (const field of known.values()) await saveField(tx, pair, field, at);
    return [...known.values()];
  });
}

/** What is stored as today's meaning becomes the accepted one. A person's choice. */
export async function pinFields(db: Db, pair: string, names: readonly string[]): Promise<void> {
  await db.transaction(async (tx) => {
    await lockFields(tx, pair);
    for (const field of await loadKnownFields(tx, pair)) {
      if (!names.includes(field.name) || field.vanishedAt !== null) continue;
      await tx.execute(
        sql`update udesk_sync.custom_field set pinned = ${jsonParam(asPinned(field))}
            where pair = ${pair} and name = ${field.name}`,
      );
    }
  });
}

/** Where today's definition differs from the pinned one. Pure. */
export function driftOf(field: KnownField): FieldDrift[] {
  const { name, pinned } = field;
  const drift = (kind: FieldDrift['kind'], rest: Partial<FieldDrift> = {}): FieldDrift => ({
    field: name,
    kind,
    value: null,
    was: null,
    now: null,
    ...rest,
  });
  if (field.vanishedAt !== null) return [drift('vanished')];
  const found: FieldDrift[] = [];
  if (pinned.type !== field.contentType)
    found.push(drift('retyped', { was: pinned.type, now: field.contentType }));
  const labels = (options: readonly OptionRow[]) =>
    new Map(options.map(({ value, label }) => [value, label] as const));
  const now = labels(field.options);
  const was = labels(pinned.options);
  for (const [value, label] of was) {
    const today = now.get(value);
    if (today === undefined) found.push(drift('option-gone', { value, was: label }));
    else if (today !== label) found.push(drift('option-moved', { value, was: label, now: today }));
  }
  for (const [value, label] of now) {
    if (!was.has(value)) found.push(drift('option-new', { value, now: label }));
  }
  return found;
}

function asPinned(field: FieldDefinition): PinnedField {
  return { type: field.contentType, options: field.options };
}

/** Beside drift nothing is new for certain: a label may have come from another place. */
function withNewOptions(field: KnownField): PinnedField {
  const { pinned } = field;
  const drift = driftOf(field);
  if (drift.length === 0 || drift.some(({ kind }) => kind !== 'option-new')) return pinned;
  const taken = new Set(pinned.options.map(({ label }) => label));
  const fresh = field.options.filter(
    ({ value, label }) => !taken.has(label) && drift.some((option) => option.value === value),
  );
  return { ...pinned, options: [...pinned.options, ...fresh] };
}

/** Two processes may read the definitions at once, and a person may accept them meanwhile. */
async function lockFields(tx: Db, pair: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${`udesk-sync custom fields ${pair}`}))`);
}

async function saveField(tx: Db, pair: string, field: KnownField, at: Date): Promise<void> {
  await tx.execute(
    sql`insert into udesk_sync.custom_field
          (pair, name, label, content_type, required, options, pinned, observed_at, vanished_at)
        values (${pair}, ${field.name}, ${field.label}, ${field.contentType}, ${field.required},
          ${jsonParam(field.options)}, ${jsonParam(field.pinned)}, ${at.toISOString()}::timestamptz,
          ${field.vanishedAt}::timestamptz)
        on conflict (pair, name) do update set label = excluded.label, content_type = excluded.content_type,
          required = excluded.required, options = excluded.options, pinned = excluded.pinned,
          observed_at = case when excluded.vanished_at is null then excluded.observed_at
            else custom_field.observed_at end,
          vanished_at = excluded.vanished_at`,
  );
}
