import type { CliContext } from './context.ts';
import { openRuntime, type Runtime } from './runtime.ts';

/** Runs a command on our database, and lets go of it whatever happens. */
export async function withRuntime<T>(
  context: CliContext,
  command: string,
  work: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await openRuntime(context, command);
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}
