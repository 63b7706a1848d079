import { userInfo } from 'node:os';
import { isRuleName } from '../core/review-rule.ts';
import { SyncError } from '../errors.ts';
import type { CliContext } from './context.ts';

export const WHO = ['--who <name>', 'who decides (default: the user of this machine)'] as const;

/** The name under which a decision is kept. */
export function decider(context: CliContext, given: string | undefined): string {
  const named = given?.trim();
  if (named !== undefined && isRuleName(named)) {
    throw new SyncError('config', `nobody can decide as "${named}": so are rules called`, {
      code: 'usage',
      advice: 'Give the name of a person with --who.',
    });
  }
  if (named !== undefined && named !== '') return named;
  try {
    return userInfo().username;
  } catch {
    return context.env.USER || 'unknown'; // a container may run a user that has no name
  }
}
