/**
 * The custom fields of a pair, read from Udesk and kept in our database: what the mapping may name, and what the
 * options of selections mean. Read anew from time to time, so that a change in Udesk is noticed while the daemon runs.
 */
import { type FieldConfig, isUdeskSet, type PairConfig } from '../config/schema.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { closest } from '../lib/suggest.ts';
import { driftWords } from '../report/field-drift.ts';
import {
  driftOf,
  type FieldDefinition,
  type KnownField,
  loadKnownFields,
  observeFields,
} from '../store/custom-fields.ts';
import type { Db } from '../store/tx.ts';
import type { CustomFieldMeta } from '../udesk/custom-fields.ts';
import { type FieldMeanings, flatOptions } from '../udesk/field-meaning.ts';
import type { FieldBook } from '../udesk/labelled-side.ts';
import type { MetadataCalls } from '../udesk/metadata-client.ts';

/** Until then a selection may be read and written without asking again: a moved option is noticed within this time. */
const SELECTIONS_FRESH_MS = 60_000;
const TEXTS_FRESH_MS = 10 * 60_000;
/** When Udesk did not answer. */
const AGAIN_MS = 10_000;

const CUSTOM = 'custom.';

export interface FieldBookOptions {
  readonly pair: Pick<PairConfig, 'name' | 'fields'>;
  readonly client: Pick<MetadataCalls, 'customFields'>;
  readonly db: Db;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export function mappedCustomFields(pair: Pick<PairConfig, 'fields'>): FieldConfig[] {
  return pair.fields.filter((field) => field.udesk.startsWith(CUSTOM));
}

export function createFieldBook(options: FieldBookOptions): FieldBook {
  const { pair, db, log, clock } = options;
  const mapped = mappedCustomFields(pair);
  const names = new Set(mapped.map(({ udesk }) => udesk));
  const freshMs = mapped.some(({ udesk }) => isUdeskSet(udesk)) ? SELECTIONS_FRESH_MS : TEXTS_FRESH_MS;
  const told = new Set<string>();
  let meanings: FieldMeanings = {};
  let dueAt = 0;
  let asking: Promise<void> | null = null;

  const warnOnce = (key: string, field: string, kind: string, words: string) => {
    if (told.has(key)) return;
    told.add(key);
    log.warn({ pair: pair.name, side: 'udesk', field, kind }, words);
  };

  async function ask(signal: AbortSignal | undefined): Promise<void> {
    let known: KnownField[];
    try {
      known = await readFields({ ...options, at: new Date(clock()) }, signal);
      dueAt = clock() + freshMs;
    } catch (error) {
      signal?.throwIfAborted();
      known = await loadKnownFields(db, pair.name);
      const stored = new Set(known.map(({ name }) => name));
      if (!isSyncError(error) || error.kind === 'config' || ![...names].every((name) => stored.has(name)))
        throw error;
      log.warn(
        { pair: pair.name, side: 'udesk', kind: error.kind },
        'the definitions of the custom fields could not be read; those of before are used',
      );
      dueAt = clock() + AGAIN_MS;
    }
    meanings = Object.fromEntries(
      known.filter(({ name }) => names.has(name)).map((field) => [field.name, meaningOf(field)]),
    );
    const drift = known.filter(({ name }) => names.has(name)).flatMap(driftOf);
    for (const one of drift) warnOnce(JSON.stringify(one), one.field, one.kind, driftWords(one));
  }

  return {
    async current(signal) {
      if (clock() >= dueAt) {
        asking ??= ask(signal).finally(() => {
          asking = null;
        });
        await asking;
      }
      return meanings;
    },
    drifted(field, value) {
      warnOnce(
        `${field} ${value}`,
        field,
        'option-drift',
        'a customer holds an option that does not mean what it was pinned to: the field is left alone there',
      );
    },
  };
}

/**
 * Reads the definitions from Udesk (two calls) and stores them.
 * @throws SyncError `config` for mapped fields that Udesk does not have: all of them, one per line
 */
export async function readFields(
  { pair, client, db, at }: Pick<FieldBookOptions, 'pair' | 'client' | 'db'> & { readonly at: Date },
  signal?: AbortSignal,
): Promise<KnownField[]> {
  const { items, dropped } = await client.customFields('customer', signal);
  const complete = dropped.length === 0;
  const known = await observeFields(db, pair.name, { fields: items.map(definitionOf), complete }, at);
  if (complete) refuseUnknown(pair, items, known);
  return known;
}

/** @param known fields that were there once: they have vanished, which is no slip of the mapping */
export function refuseUnknown(
  pair: Pick<PairConfig, 'name' | 'fields'>,
  items: readonly CustomFieldMeta[],
  known: readonly Pick<KnownField, 'name'>[],
): void {
  const names = new Set([...known.map(({ name }) => name), ...items.map(({ name }) => `${CUSTOM}${name}`)]);
  const unknown = mappedCustomFields(pair).filter(({ udesk }) => !names.has(udesk));
  if (unknown.length > 0) throw unknownFields(pair.name, unknown, items);
}

function definitionOf(field: CustomFieldMeta): FieldDefinition {
  return {
    name: `${CUSTOM}${field.name}`,
    label: field.label,
    contentType: field.contentType,
    required: field.required === true,
    options: flatOptions(field),
  };
}

function meaningOf({ contentType, required, options, pinned, vanishedAt }: KnownField) {
  return { contentType, required, options, pinned: pinned.options, vanished: vanishedAt !== null };
}

function unknownFields(
  pair: string,
  unknown: readonly FieldConfig[],
  there: readonly CustomFieldMeta[],
): SyncError {
  const lines = unknown.map(({ udesk, crm }) => {
    const asked = udesk.slice(CUSTOM.length);
    const near = closest(
      asked,
      there.flatMap(({ name, label }) => [name, label]),
    );
    const meant = there.find(({ name, label }) => name === near || label === near);
    const hint = meant === undefined ? '' : ` Did you mean "${CUSTOM}${meant.name}" (${meant.label})?`;
    return `fields: { udesk: ${udesk}, crm: ${crm} }: Udesk has no custom field "${asked}".${hint}`;
  });
  const list = there.map(({ name, label }) => `${CUSTOM}${name} (${label})`).join(', ');
  return new SyncError('config', lines.join('\n'), {
    pair,
    side: 'udesk',
    code: 'unknown-custom-field',
    advice: list === '' ? 'Udesk has no custom fields: take them out of the mapping.' : `It has: ${list}.`,
  });
}
