import type { SideName } from '../core/record.ts';
import type { Urgency } from '../lib/urgency.ts';
import type { Cycle } from './context.ts';

/** Whether a call in the background would be let through before `until` (milliseconds). */
export async function fits(
  cycle: Cycle,
  side: SideName,
  call: 'enumerate' | 'read' | 'history',
  until: number,
  urgency: Urgency = 'background',
): Promise<boolean> {
  const now = cycle.clock().getTime();
  if (now > until) return false;
  const waitMs = (await cycle.sides[side].waitMs?.(call, urgency)) ?? 0;
  return now + waitMs <= until;
}
