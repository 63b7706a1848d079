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
  // Before that it has not begun to listen to signals.
  while (!hasEnded && !(said.includes('"url"') && (await isDone()))) await wait(100);
  running.process.kill('SIGTERM');
  const end = await ended;
  // How long a stop takes is the matter of stop.test.ts.
  return end.code === null ? end : { ...end, code: 0 };
};

test('P9: kill -9 of the daemon before and after each durable write and each call of a side ends where an uninterrupted run ends', async () => {
  await tryEveryMoment(daemon, ['insert of replica', 'delete of replica']);
}, 7_200_000);
