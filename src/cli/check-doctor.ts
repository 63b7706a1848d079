/** The state of the program's own tables, as `check` looks at it; the rules are in src/report/doctor.ts. */
import type { Config, PairConfig } from '../config/schema.ts';
import { diagnoseDatabase, diagnosePair, type Finding } from '../report/doctor.ts';
import { databaseFacts, pairFacts } from '../store/doctor.ts';
import type { Db } from '../store/tx.ts';
import type { Found } from './check-side.ts';

export async function examineDatabase(db: Db, config: Config): Promise<Found[]> {
  const names = config.pairs.map(({ name }) => name);
  return diagnoseDatabase(await databaseFacts(db, names, new Date())).map(toFound);
}

export async function examinePair(db: Db, { name, udesk }: PairConfig): Promise<Found[]> {
  const quota = { perMinute: udesk.quota.perMinute, shards: udesk.shards.length };
  return diagnosePair(await pairFacts(db, name), quota, new Date()).map(toFound);
}

function toFound({ code, level, sentence, fix }: Finding): Found {
  return { code, level, message: sentence, advice: fix, config: false };
}
