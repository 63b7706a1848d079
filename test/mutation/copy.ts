/** A copy of this checkout that a known bug can be put back into, while the checkout stays as it is. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyMutation } from './apply.ts';
import type { Mutation } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'src',
  'test',
  'config',
  'drizzle',
  'docs',
  'bench',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'README.zh-CN.md',
];

export interface Copy {
  readonly dir: string;
  /** Runs something with the bug in the copy, and takes it out again. */
  having<T>(
    mutation: Pick<Mutation, 'name' | 'file' | 'find' | 'replace'>,
    work: () => Promise<T>,
  ): Promise<T>;
  remove(): void;
}

export function copyCheckout(): Copy {
  const dir = mkdtempSync(join(tmpdir(), 'udesk-sync-mutants-'));
  for (const path of COPIED) cpSync(join(ROOT, path), join(dir, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  return {
    dir,
    async having(mutation, work) {
      const path = join(dir, mutation.file);
      const source = readFileSync(path, 'utf8');
      writeFileSync(path, applyMutation(source, mutation));
      try {
        return await work();
      } finally {
        writeFileSync(path, source);
      }
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
