import { sha256 } from '../lib/hash.ts';

/**
 * Which of the replicas that live works on which pair: every pair is somebody's, nobody has two more than another, and
 * most pairs stay where they are when a replica comes or goes (highest random weight, with an upper bound per replica).
 * Replicas that see the same list say the same without talking to each other; where their lists differ for a moment, the
 * lease of the pair decides.
 * @param replicas those that live; none: nobody works
 */
export function sharePairs(
  pairs: readonly string[],
  replicas: readonly string[],
): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  const live = [...new Set(replicas)].sort();
  if (live.length === 0) return owners;
  const names = [...new Set(pairs)].sort();
  const most = Math.ceil(names.length / live.length);
  /** How many replicas may have `most`: the others have one less. */
  let full = names.length - (most - 1) * live.length;
  const load = new Map<string, number>(live.map((replica) => [replica, 0]));
  const loadOf = (replica: string) => load.get(replica) ?? 0;
  for (const pair of names) {
    const chosen = live
      .filter((replica) => loadOf(replica) < (full > 0 ? most : most - 1))
      .map((replica) => ({ replica, weight: sha256(`${replica}\n${pair}`) }))
      .reduce((best, each) => (each.weight > best.weight ? each : best)).replica;
    load.set(chosen, loadOf(chosen) + 1);
    if (loadOf(chosen) === most) full -= 1;
    owners.set(pair, chosen);
  }
  return owners;
}
