import { userInfo } from 'node:os';
import type { CliContext } from './context.ts';

export const WHO = ['--who <name>', 'who decides (default: the user of this machine)'] as const;

/** The name under which a decision is kept. */
export function decider(context: CliContext, given: string | undefined): string {
  const named = given?.trim();
  if (named !== undefined && named !== '') return named;
  try {
    return userInfo().username;
  } catch {
    return context.env.USER || 'unknown'; // a container may run a user that has no name
  }
}
