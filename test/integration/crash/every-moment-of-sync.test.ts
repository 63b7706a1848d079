import { test } from 'vitest';
import { runProgram } from '../../support/program.ts';
import { tryEveryMoment } from './moments.ts';

test('P9: kill -9 of `sync` before and after each durable write and each call of a side ends where an uninterrupted run ends (T11)', async () => {
  await tryEveryMoment(
    ({ file }, env) => runProgram(['--config', file, 'sync'], env),
    ['GET /open_api_v1/customers/feeds', 'commit of .*retention'],
  );
}, 7_200_000);
