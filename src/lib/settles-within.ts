import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';

/**
 * Whether what was asked of somebody else has an end within so long, well or badly. A process that was busy itself
 * meanwhile, and could neither ask nor hear, is not told that there was none. Never rejects.
 * @param signal ends the waiting
 */
export async function settlesWithin(
  asked: Promise<unknown>,
  ms: number,
  signal?: AbortSignal,
): Promise<boolean> {
  let settled = false;
  const end = asked.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  // What is sent leaves a turn later, and a process that is busy until then has not asked yet.
  await turn();
  await turn();
  const options = { ref: false, ...(signal === undefined ? {} : { signal }) };
  await Promise.race([end, wait(ms, undefined, options).catch(() => {})]);
  // A process that was busy for long finds its timers first, and what has arrived meanwhile a turn later.
  await turn();
  await turn();
  return settled;
}
