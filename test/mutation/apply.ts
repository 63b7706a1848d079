import type { Mutation } from './mutations.ts';

/** @throws Error when the text to replace is not there exactly once: the code has moved on, and the mutation must too. */
export function applyMutation(
  source: string,
  { name, file, find, replace }: Pick<Mutation, 'name' | 'file' | 'find' | 'replace'>,
): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `mutation "${name}": its text is ${parts.length - 1} times in ${file}, and must be there once`,
    );
  }
  return parts.join(replace);
}
