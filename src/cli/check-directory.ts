/** Owners, groups and organizations that travel by name, as `check` looks at them: shared, renamed, missing, unknown. */
import type { PairConfig } from '../config/schema.ts';
import type { Names } from '../report/directory-words.ts';
import { namelessWords, renamedWords, sharedWords, unknownWords } from '../report/directory-words.ts';
import { directoryReadAt, loadDirectory, pinDirectory, waitingNames } from '../store/directory.ts';
import type { Db } from '../store/tx.ts';
import { type Found, findingsOf } from './check-side.ts';
import { kindsOf, namedFields, readDirectory, troubleOf } from './directory-book.ts';
import { openUdeskClient, type UdeskWorld } from './runtime.ts';

/** A directory that was read since then is not read again: a large one takes many calls. */
const FRESH_MS = 600_000;
const SHOWN = 10;
const MOST_WAITING = 100_000;

/**
 * Stores what Udesk says (in our database alone), and with `pin` accepts today's names as those that travel.
 * Without a database there is nothing to compare with.
 */
export async function checkDirectory(
  pair: PairConfig,
  world: Omit<UdeskWorld, 'db'>,
  { db, pin }: { readonly db: Db | null; readonly pin: boolean },
  signal: AbortSignal,
): Promise<Found[]> {
  const fields = namedFields(pair);
  if (fields.length === 0 || db === null) return [];
  const client = openUdeskClient(pair, world);
  const kinds = kindsOf(pair);
  try {
    const now = Date.now();
    for (const kind of kinds) {
      const readAt = await directoryReadAt(db, pair.name, kind);
      const fresh = readAt !== null && now - readAt < FRESH_MS;
      if (!fresh) await readDirectory({ pair, lists: client, db, at: new Date(now) }, kind, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    return findingsOf(error);
  } finally {
    await client.close().catch(() => {}); // what it held is gone with this process
  }
  if (pin) await pinDirectory(db, pair.name, kinds);
  const { shared, renamed, nameless } = troubleOf(await loadDirectory(db, pair.name, kinds));
  const waiting = await waitingNames(db, pair.name, fields, MOST_WAITING);
  return [
    ...some(shared, (one) => sharedWords(one)),
    ...some(renamed, (one) => renamedWords(one, pair.name)),
    ...some(nameless, (one) => namelessWords(one)),
    ...fields.flatMap((field) => {
      const count = waiting.filter((one) => one.field === field).length;
      return count === 0 ? [] : [asWarning(unknownWords(field, count))];
    }),
  ];
}

/** The first of them; that there are more is told in one line. */
function some<T>(all: readonly T[], words: (one: T) => Names): Found[] {
  const shown = all.slice(0, SHOWN).map((one) => asWarning(words(one)));
  const more = all.length - shown.length;
  const [first] = shown;
  if (more === 0 || first === undefined) return shown;
  return [...shown, { ...first, message: `… and ${more} more of the kind of the line before` }];
}

function asWarning({ message, advice }: Names): Found {
  return { level: 'warning', message, advice, config: false };
}
