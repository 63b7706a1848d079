import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'vitest';
import { startProgram } from '../../support/program.ts';
import { tryEveryMoment, type Way } from './moments.ts';

/** Its schedule has both sides read every second. */
const daemon: Way = async ({ file, isDone }, env) => {
  const running = startProgram(['--config', file, 'run'], env);
  let said = '';
  for (const stream of [running.process.stdout, running.process.stderr])
    stream?.on('data', (text) => {
      said += text;
    });
  let hasEnded = false;
  const ended = running.ended.finally(() => {
    hasEnded = true;
  });
  // Before it says its address it has not begun to listen to signals.
  const isOver = async () => said.includes('"url"') && (await isDone());
  let wasOver = false;
  while (!hasEnded && !wasOver) {
    await wait(100);
    wasOver = await isOver();
  }
  running.process.kill('SIGTERM');
  return await ended;
};

test('P9: kill -9 of the daemon before and after each durable write and each call of a side ends where an uninterrupted run ends', async () => {
  await tryEveryMoment(daemon, ['insert of replica', 'delete of replica']);
}, 7_200_000);
