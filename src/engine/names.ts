/** References that travel by name: what the names of this cycle are, and who waited for a name that is known now. */
import { toCommon, writableName } from '../core/mapping.ts';
import type { PairSpec } from '../core/spec.ts';
import { planLinksAgain, waitingNames } from '../store/directory.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/** Looked at in one cycle; those behind them come when these are settled, or with the next change of their record. */
const WAITING_PER_CYCLE = 5_000;

/** The cycle with the names as Udesk has them now; asked again after every look, which may have met somebody new. */
export async function withNames(cycle: Cycle): Promise<Cycle> {
  const { names } = cycle.sides.udesk;
  if (names === undefined || !cycle.spec.fields.some(({ named }) => named)) return cycle;
  const books = await names({ signal: cycle.signal });
  const fields = cycle.spec.fields.map((field) => {
    const book = books[field.udesk];
    return field.named && book !== undefined ? { ...field, names: book } : field;
  });
  return { ...cycle, spec: { ...cycle.spec, fields } };
}

/** Whoever was held because a name was not known is planned again once it is: nobody has to ask for it. */
export async function planKnownNames(cycle: Cycle): Promise<void> {
  const fields = cycle.spec.fields.filter(({ names }) => names !== undefined);
  if (fields.length === 0) return;
  const { db, fence, spec } = cycle;
  const names = fields.map(({ udesk }) => udesk);
  const waiting = await waitingNames(db, spec.name, names, WAITING_PER_CYCLE);
  const ready = waiting.filter(({ field, crm }) => isKnown(spec, field, crm)).map(({ linkId }) => linkId);
  if (ready.length > 0) await fenced(db, fence, (tx) => planLinksAgain(tx, spec.name, ready));
}

function isKnown(spec: PairSpec, name: string, crm: Parameters<typeof toCommon>[2]): boolean {
  const field = spec.fields.find(({ udesk }) => udesk === name);
  if (field === undefined) return false;
  const common = toCommon(field, 'crm', crm);
  return common.ok && writableName(field, common.value).ok;
}
