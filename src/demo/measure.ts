/** Figures that the claims are judged by, from what the simulator kept. */
import type { ItemView } from '../simulator/handle.ts';
import type { Facts } from './claims.ts';

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
