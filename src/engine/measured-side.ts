/** A side whose writes are timed, and nothing else about it is changed. */
import type { SideName } from '../core/record.ts';
import type { Side } from '../crm/adapter.ts';
import { isSyncError } from '../errors.ts';
import type { WriteSample } from './measures.ts';

/** @param monotonic milliseconds */
export function measuredSide(
  name: SideName,
  side: Side,
  monotonic: () => number,
  onWrite: (sample: WriteSample) => void,
): Side {
  async function timed<T>(op: WriteSample['op'], write: () => Promise<T>): Promise<T> {
    const startedAt = monotonic();
    let outcome: WriteSample['outcome'] = 'done';
    try {
      return await write();
    } catch (error) {
      outcome = isSyncError(error) ? error.kind : 'unexpected';
      throw error;
    } finally {
      onWrite({ side: name, op, outcome, durationMs: monotonic() - startedAt });
    }
  }
  return {
    ...side,
    create: (request, options) => timed('create', () => side.create(request, options)),
    update: (request, options) => timed('update', () => side.update(request, options)),
    delete: (id, options) => timed('delete', () => side.delete(id, options)),
  };
}
