import { InvalidArgumentError } from 'commander';
import { SyncError } from '../errors.ts';
import { isRowId } from '../lib/row-id.ts';

/** The id of a row of ours: up to 18 digits. As an argument parser of commander. */
export function rowId(text: string): string {
  if (!isRowId(text)) throw new InvalidArgumentError('An id is a whole number, as `list` shows it.');
  return text;
}

export function rowIds(text: string, before: readonly string[] | undefined): string[] {
  return [...new Set([...(before ?? []), rowId(text)])];
}

export function limitOption(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 is expected.');
  return Number(text);
}

/** `conflict 7 is not there` … */
export function noSuchRow(what: string, id: string, list: string): SyncError {
  return new SyncError('rejected', `there is no ${what} ${id}`, {
    code: 'not-found',
    advice: `\`${list}\` shows what there is.`,
  });
}
