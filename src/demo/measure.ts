/** Figures that the claims are judged by, from what the simulator kept. */
import type { ItemView } from '../simulator/handle.ts';
import type { Facts } from './claims.ts';

/** The most calls in any sliding 60 s. `times`: milliseconds, ascending. */
export function busiestMinute(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [index, at] of times.entries()) {
    while (at - (times[first] ?? at) >= 60_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** How many of the elements that customers had are gone, or have another id. `edited`: a content that a person changed. */
export function keptElements(
  before: readonly (readonly ItemView[])[],
  after: readonly (readonly ItemView[])[],
  edited: ReadonlySet<string>,
): Facts['kept'] {
  const now = new Map(after.flat().map((item) => [item.content, item.id]));
  const elements = before.flat().filter(({ content }) => !edited.has(content));
  return {
    elements: elements.length,
    lost: elements.filter(({ content }) => !now.has(content)).length,
    newIds: elements.filter(({ id, content }) => now.has(content) && now.get(content) !== id).length,
  };
}
