/**
 * Variables whose value stands in a file: `NAME_FILE=/run/secrets/name` in the place of `NAME=value`, as container images
 * and systemd's credentials have it. What is in the environment of a process, its children and a crash dump hold as well.
 */
import { toError } from '../errors.ts';
import type { Env } from './env.ts';
import type { ConfigWarning } from './schema.ts';

export interface SecretFiles {
  /** UTF-8 text of a file; throws as node:fs does. */
  readonly readFile: (path: string) => string;
  /** Permission bits of a file, or null where they say nothing (another operating system). Left out: not looked at. */
  readonly modeOf?: (path: string) => number | null;
}

export interface Variable {
  /** Null: not set, or empty. */
  readonly value: string | null;
  /** Why it cannot be used, without the value. */
  readonly problem: string | null;
  readonly warning: ConfigWarning | null;
}

/** A container's own secrets are readable for everybody in it, and nobody else is. */
const CONTAINER_SECRETS = '/run/secrets/';
const READABLE_BY_OTHERS = 0o004;

/** Reads a variable, from its file where `NAME_FILE` names one. One line end at the end of the file is no part of the value. */
export function readVariable(name: string, env: Env, files: SecretFiles): Variable {
  const direct = env[name];
  const isSet = direct !== undefined && direct !== '';
  const path = env[`${name}_FILE`];
  if (path === undefined || path === '') return found(isSet ? direct : null);
  if (isSet) return failed(`is given twice, by ${name} and by ${name}_FILE; unset one of them`);
  let text: string;
  try {
    text = files.readFile(path).replace(/\r?\n$/, '');
  } catch (thrown) {
    const code = (toError(thrown) as NodeJS.ErrnoException).code ?? 'unknown reason';
    return failed(`cannot be read from the file that ${name}_FILE names, ${path} (${code})`);
  }
  if (text.trim() === '') return failed(`comes from the file that ${name}_FILE names, and ${path} is empty`);
  if (/[\r\n]/.test(text)) {
    return failed(`comes from the file that ${name}_FILE names, and ${path} holds more than one line`);
  }
  const mode = path.startsWith(CONTAINER_SECRETS) ? null : (files.modeOf?.(path) ?? null);
  const isOpen = mode !== null && (mode & READABLE_BY_OTHERS) !== 0;
  const warning = isOpen
    ? {
        message: `The file of ${name}_FILE, ${path}, can be read by every user of this machine.`,
        advice: `chmod 600 ${path}, as the user who runs the program.`,
      }
    : null;
  return { value: text, problem: null, warning };
}

function found(value: string | null): Variable {
  return { value, problem: null, warning: null };
}

function failed(problem: string): Variable {
  return { value: null, problem, warning: null };
}
