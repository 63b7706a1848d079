/** Figure 3: what a first cycle and a cycle without changes need at their peak, each in a process of its own. */
import { ask } from './child.ts';
import type { Peak } from './memory-child.ts';
import { type Cluster, fillCrm } from './stage.ts';

/** `live`: what is in use after forced collections; `rss`: the resident set of an undisturbed run. */
export interface Peaks {
  readonly first: Readonly<Record<'live' | 'rss', Peak>>;
  readonly again: Readonly<Record<'live' | 'rss', Peak>>;
}

export async function peaksAt(cluster: Cluster, customers: number): Promise<Peaks> {
  const found: Record<'first' | 'again', Partial<Record<'live' | 'rss', Peak>>> = { first: {}, again: {} };
  for (const mode of ['live', 'rss'] as const) {
    const place = await cluster.place(`memory_${customers}_${mode}`);
    await fillCrm(place, customers);
    const args = [String(customers), JSON.stringify(place), mode];
    found.first[mode] = await ask<Peak>('memory-child.ts', args);
    found.again[mode] = await ask<Peak>('memory-child.ts', args);
  }
  return found as Peaks;
}
