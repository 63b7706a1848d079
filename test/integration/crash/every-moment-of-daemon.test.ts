import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'vitest';
import { startProgram } from '../../support/program.ts';
import { PATIENCE, tryEveryMoment, type Way } from './moments.ts';

/** Its schedule has both sides read every second. */
const daemon: Way = async ({ file, isDone }, env) => {
  const running = startProgram(['--config', file, 'run'], env);
  let hasEnded = false;
  const ended = running.ended.finally(() => {
    hasEnded = true;
  });
  // Before it says its address it has not begun to listen to signals.
  const isOver = async () => running.said().includes('"url"') && (await isDone());
  const until = Date.now() + PATIENCE.timeout;
  let wasOver = false;
  while (!hasEnded && !wasOver && Date.now() < until) {
    await wait(100);
    wasOver = await isOver();
  }
  const late = !hasEnded && !wasOver;
  running.process.kill('SIGTERM');
  const end = await ended;
  return late ? { ...end, code: 1, stdout: 'it has not carried everything over\n' } : end;
};

test('P9: kill -9 of the daemon before and after each durable write and each call of a side ends where an uninterrupted run ends', async () => {
  await tryEveryMoment(daemon, ['insert of replica', 'delete of replica']);
}, 7_200_000);
