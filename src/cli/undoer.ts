/** Taking decisions back at a terminal: a pair is opened only once one of its decisions was carried out. */
import { type DecidedConflict, type UndoResult, undoDecision } from '../engine/undo-decision.ts';
import { type OpenPair, openPair, type Runtime } from './runtime.ts';

export interface TerminalUndo {
  undo(conflict: DecidedConflict): Promise<UndoResult>;
  close(): Promise<void>;
}

export function openUndo(runtime: Runtime, who: string): TerminalUndo {
  const { config, engine } = runtime;
  const open = new Map<string, OpenPair>();
  async function specOf(name: string) {
    const pair = config.pairs.find((one) => one.name === name);
    if (pair === undefined) return null;
    const known = open.get(name) ?? (await openPair(runtime, pair));
    open.set(name, known);
    return known.spec;
  }
  return {
    undo: (conflict) => undoDecision({ db: engine.db, specOf }, conflict, { who, at: engine.clock() }),
    async close() {
      for (const pair of open.values()) await pair.close();
    },
  };
}

/** Why a decision was not taken back. */
export const WHY_NOT: Readonly<Record<Exclude<UndoResult, 'withdrawn' | 'undoing'>, string>> = {
  'not-decided': 'nobody has decided it, or nothing was written for it',
  'under-way': 'a write for it has been sent; once that has arrived it can be undone',
  'not-ours': 'what was written for it does not stand there any more, or is being undone already',
};

export const UNDOING =
  "what was there before comes back with the next cycle, and the field is asked about again: the running daemon's, or `udesk-sync sync`";
