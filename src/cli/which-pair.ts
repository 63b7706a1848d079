/** Which pair a record belongs to, when a person names only the record. */
import { type Command, InvalidArgumentError } from 'commander';
import type { PairConfig } from '../config/schema.ts';
import { SIDES, type SideName } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { loadRecords } from '../store/records.ts';
import { choosePairs, type Runtime } from './runtime.ts';

/** `udesk|crm ID` and `--pair`, as `explain` and `refresh` take them. */
export function recordArguments(command: Command): Command {
  return command
    .argument('<side>', 'udesk or crm', sideArgument)
    .argument('<id>', 'id of the record on that side');
}

function sideArgument(text: string): SideName {
  const side = SIDES.find((each) => each === text);
  if (side === undefined) throw new InvalidArgumentError('A side is udesk or crm.');
  return side;
}

/** The pair that was named, or the only one that knows the record; of a record that nobody knows, the only pair. */
export async function pairOfRecord(
  { config, database: { db } }: Runtime,
  side: SideName,
  id: string,
  named: string | undefined,
): Promise<PairConfig> {
  const pairs = choosePairs(config, named);
  const [only, ...others] = pairs;
  if (only !== undefined && others.length === 0) return only;
  const knowing: PairConfig[] = [];
  for (const pair of pairs) {
    if ((await loadRecords(db, pair.name, side, [id])).size > 0) knowing.push(pair);
  }
  const [known, second] = knowing;
  if (known !== undefined && second === undefined) return known;
  const names = (knowing.length > 0 ? knowing : pairs).map(({ name }) => name);
  const message = knowing.length > 0 ? 'several pairs know this record' : 'no pair has seen this record';
  throw new SyncError('config', message, {
    side,
    record: id,
    code: 'pair',
    advice: `Say which pair is meant: --pair ${names.join(' | ')}.`,
  });
}
