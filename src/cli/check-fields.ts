/** The custom fields of a pair, as `check` looks at them: unknown, vanished, retyped, moved, and what Udesk requires. */
import type { PairConfig } from '../config/schema.ts';
import { isSyncError } from '../errors.ts';
import { driftAdvice, driftWords } from '../report/field-drift.ts';
import { driftOf, type KnownField, loadKnownFields, pinFields } from '../store/custom-fields.ts';
import type { Db } from '../store/tx.ts';
import { type Found, findingsOf } from './check-side.ts';
import { mappedCustomFields, readFields, refuseUnknown } from './field-book.ts';
import { openUdeskClient, type UdeskWorld } from './runtime.ts';

/**
 * Stores what Udesk says (in our database alone), and with `pin` accepts it as the meaning of the mapping.
 * Without a database only unknown fields are told.
 */
export async function checkFields(
  pair: PairConfig,
  world: Omit<UdeskWorld, 'db'>,
  { db, pin }: { readonly db: Db | null; readonly pin: boolean },
  signal: AbortSignal,
): Promise<Found[]> {
  const mapped = mappedCustomFields(pair).map((field) => field.udesk);
  if (mapped.length === 0) return [];
  const client = openUdeskClient(pair, world);
  try {
    if (db === null) {
      refuseUnknown(pair, (await client.customFields('customer', signal)).items, []);
      return [];
    }
    await readFields({ pair, client, db, at: new Date() }, signal);
    if (pin) await pinFields(db, pair.name, mapped);
    return [...(await storedFindings(pair, db, mapped)), ...(pin ? [pinned(mapped)] : [])];
  } catch (error) {
    signal.throwIfAborted();
    const drift = db === null || isSyncError(error, 'config') ? [] : await storedFindings(pair, db, mapped);
    return [...findingsOf(error), ...drift];
  } finally {
    await client.close().catch(() => {}); // what it held is gone with this process
  }
}

async function storedFindings(pair: PairConfig, db: Db, mapped: readonly string[]): Promise<Found[]> {
  const known = await loadKnownFields(db, pair.name);
  const drift = known
    .filter(({ name }) => mapped.includes(name))
    .flatMap(driftOf)
    .map((one): Found => {
      return {
        level: 'warning',
        message: driftWords(one),
        advice: driftAdvice(one, pair.name),
        config: false,
      };
    });
  return [...drift, ...notWritable(pair, known), ...required(pair, known)];
}

/** Fields that Udesk calculates, and that the mapping wants to write. */
function notWritable(pair: PairConfig, known: readonly KnownField[]): Found[] {
  const calculated = new Set(
    known.filter(({ contentType }) => contentType === 'calculate').map(({ name }) => name),
  );
  return pair.fields
    .filter(({ udesk, direction }) => calculated.has(udesk) && direction !== 'to-crm')
    .map(({ udesk, crm }) => ({
      level: 'problem',
      message: `fields: { udesk: ${udesk}, crm: ${crm} }: Udesk calculates "${udesk}", so it cannot be written`,
      advice: 'Set direction: to-crm.',
      config: true,
    }));
}

/** Whether Udesk insists on them in this API, too, is not documented (udesk/api.md §3.5). */
function required(pair: PairConfig, known: readonly KnownField[]): Found[] {
  if (!pair.create.inUdesk) return [];
  const written = new Set(
    pair.fields.filter(({ direction }) => direction !== 'to-crm').map((field) => field.udesk),
  );
  return known
    .filter((field) => field.required && field.vanishedAt === null && !written.has(field.name))
    .map((field) => ({
      level: 'warning',
      message: `Udesk requires ${field.name} (${field.label}), and the mapping does not write it: Udesk may refuse customers that are created`,
      advice: 'Map it, or make it optional in Udesk.',
      config: false,
    }));
}

function pinned(mapped: readonly string[]): Found {
  return {
    level: 'info',
    message: `accepted as they are in Udesk today: ${mapped.join(', ')}`,
    config: false,
  };
}
