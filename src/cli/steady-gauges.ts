import { createSteadyAges } from '../daemon/steady-ages.ts';
import { type EngineContext, monotonicOf } from '../engine/context.ts';
import { loadGauges, type PairGauges } from '../store/gauges.ts';

/** What the database says of these pairs, with ages that no clock which is set makes wrong; for one who asks again and again. */
export function steadyGauges(engine: EngineContext, pairs: readonly string[]): () => Promise<PairGauges[]> {
  const steady = createSteadyAges(monotonicOf(engine));
  return async () => steady(await loadGauges(engine.db, pairs));
}
