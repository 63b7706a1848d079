import { matchKeysOf } from '../core/match.ts';
import { SIDES } from '../core/record.ts';
import type { FieldSpec } from '../core/spec.ts';
import { isUnwanted } from '../core/unwanted.ts';
import { canonicalJson, sha256 } from '../lib/hash.ts';
import { recordsAfter, saveKeys } from '../store/records.ts';
import { endRules } from '../store/review-rules.ts';
import type { FieldMeaning } from '../store/schema/pair.ts';
import {
  dropUnwanted,
  forgetFields,
  loadSpecMemory,
  replanEverything,
  saveSpecMemory,
} from '../store/spec-memory.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

const CHUNK = 1000;

/**
 * A changed mapping or matching rule is an explicit event, never an odd leftover: every link is planned again, the match
 * keys of every record are made anew, and a field that now means another column, or other values, starts as a first link
 * (P2: against its old base the new column's content would look like an edit).
 * What is remembered of the mapping moves last, so that a kill repeats the work.
 */
export async function adoptSpec(cycle: Cycle): Promise<void> {
  const { db, fence, spec } = cycle;
  const { fields, match, create, deletes, capacity } = spec;
  const mapping = fields.map(({ names: _names, ...field }) => field);
  const hash = sha256(canonicalJson({ fields: mapping, match, create, deletes, capacity }));
  const known = await loadSpecMemory(db, spec.name);
  if (known.hash === hash && known.fields !== null) return;
  const meanings = Object.fromEntries(fields.map((field) => [field.udesk, meaningOf(field)]));
  const moved = known.hash !== null && known.hash !== hash;
  const changed = moved ? changedFields(known.fields ?? {}, meanings) : [];
  if (moved) {
    cycle.log.info({ fields: changed }, 'the mapping has changed: every link is planned again');
    await renewKeys(cycle);
  }
  await fenced(db, fence, async (tx) => {
    if (moved) {
      await forgetFields(tx, spec.name, { changed, mapped: Object.keys(meanings) }, cycle.clock());
      await dropUnwanted(tx, spec.name, {
        createsIn: SIDES.filter((side) => isUnwanted(spec, { side, op: 'create', reasons: {} })),
        deletes: isUnwanted(spec, { side: 'udesk', op: 'delete', reasons: {} }),
      });
      await endRules(tx, spec.name, changed, 'mapping-changed', cycle.clock());
      await replanEverything(tx, spec.name);
    }
    await saveSpecMemory(tx, spec.name, { hash, fields: meanings });
  });
}

async function renewKeys({ db, fence, spec }: Cycle): Promise<void> {
  for (const side of SIDES) {
    for (let after = ''; ; ) {
      const records = await recordsAfter(db, spec.name, side, after, CHUNK);
      const last = records.at(-1);
      if (last === undefined) break;
      after = last.id;
      const keys = records.map((record) => ({
        id: record.id,
        keys: matchKeysOf(spec, side, record).map((key) => `${key.kind}:${key.value}`),
      }));
      await fenced(db, fence, (tx) => saveKeys(tx, spec.name, side, keys));
    }
  }
}

function meaningOf({ crm, shape, map, lenses, named }: FieldSpec): FieldMeaning {
  return {
    crm,
    shape,
    map,
    ...(lenses === undefined ? {} : { lenses }),
    ...(named === undefined ? {} : { named }),
  };
}

/** Fields whose bases mean something else now; one that comes to the mapping, or leaves it, included. */
function changedFields(
  before: Readonly<Record<string, FieldMeaning>>,
  now: Readonly<Record<string, FieldMeaning>>,
): string[] {
  const text = (meaning: FieldMeaning | undefined) => (meaning === undefined ? '' : canonicalJson(meaning));
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => text(before[name]) !== text(now[name]));
}
