import { matchKeysOf } from '../core/match.ts';
import { SIDES } from '../core/record.ts';
import { canonicalJson, sha256 } from '../lib/hash.ts';
import { loadSpecHash, replanEverything, saveSpecHash } from '../store/pairs.ts';
import { recordsAfter, saveKeys } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

const CHUNK = 1000;

/**
 * A changed mapping or matching rule is an explicit event, never an odd leftover: every link is planned again, and
 * the match keys of every record are made anew. The remembered hash moves last, so that a kill repeats the work.
 */
export async function adoptSpec(cycle: Cycle): Promise<void> {
  const { db, fence, spec } = cycle;
  const { fields, match, create, deletes, capacity } = spec;
  const hash = sha256(canonicalJson({ fields, match, create, deletes, capacity }));
  const known = await loadSpecHash(db, spec.name);
  if (known === hash) return;
  if (known !== null) {
    cycle.log.info('the mapping has changed: every link is planned again');
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
    await fenced(db, fence, (tx) => replanEverything(tx, spec.name));
  }
  await fenced(db, fence, (tx) => saveSpecHash(tx, spec.name, hash));
}
