/** Which moment of a cycle an interrupt of the script fits. */
import type { SideName } from '../../src/core/record.ts';
import type { Moment } from './process.ts';
import type { Interrupt, Near } from './script.ts';
import type { World } from './world.ts';

/** A call of a side. */
export interface Call {
  readonly side: SideName;
  readonly write: boolean;
}

export function fits(world: World, interrupt: Interrupt, moment: Moment, call: Call | undefined): boolean {
  const { near } = interrupt;
  if (near !== undefined && !isNear(world, interrupt, near, moment, call)) return false;
  switch (interrupt.what) {
    case 'act':
      return call !== undefined && mayAct(world, moment, call);
    case 'fault':
      return moment === 'call' && call?.side === interrupt.side;
    case 'kill':
      return true;
    case 'second-daemon':
      // A call that leaves after another process has looked for it is beyond every promise (test/model, late calls).
      return moment !== 'commit' && !(moment === 'call' && call?.write === true) && call !== undefined;
  }
}

/** A kill near a write comes once it is done, and before its answer is stored: the worst time for it. */
function isNear(
  { touching }: World,
  { what, only }: Interrupt,
  near: Near,
  moment: Moment,
  call: Call | undefined,
): boolean {
  if (call === undefined || touching === null || call.side !== touching.side) return false;
  if (only !== undefined && only !== touching.side) return false;
  if (near === 'look') return moment === 'call' && !call.write && touching.op === 'read';
  return moment === (what === 'kill' ? 'answer' : 'call') && call.write && touching.op === near;
}

/**
 * The moment between the look and the write belongs to the witness. A CRM that neither compares and sets nor keeps a
 * history has nobody to tell what happened in it, so nobody edits then.
 */
function mayAct({ script }: World, moment: Moment, { side, write }: Call): boolean {
  if (side === 'udesk' || script.setting.crm.compareAndSet) return true;
  return moment === 'answer' ? write : !write;
}
