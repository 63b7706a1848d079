/** The program, with other limits for a stop: `DRAIN_MS` and `STOP_WITHIN_MS` in its environment. */
import { main } from '../../src/main.ts';

process.exitCode = await main(process.argv, process.env, {
  drainMs: Number(process.env.DRAIN_MS),
  withinMs: Number(process.env.STOP_WITHIN_MS),
});
