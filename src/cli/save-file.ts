import { writeFileSync } from 'node:fs';
import { SyncError, toError } from '../errors.ts';

/**
 * Writes a result that may hold customers' data: only the user of the process may read the file.
 * @throws SyncError `config` when the place cannot be written
 */
export function saveFile(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (thrown) {
    const { code } = toError(thrown) as NodeJS.ErrnoException;
    throw new SyncError('config', `${file} cannot be written (${code ?? 'unknown reason'})`, {
      code: 'usage',
      advice: 'Choose another --out.',
    });
  }
}
