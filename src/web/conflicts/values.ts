/** The values of a conflict side by side: what both agreed on, and what each side holds now. */

import type { EditAuthor } from '../../core/edit-author.ts';
import { otherSide, SIDES, type SideName } from '../../core/record.ts';
import { isBlank, isSet, type Value } from '../../core/value.ts';
import { type Html, html } from '../../report/html.ts';
import { differences, entryDifferences, losses } from '../../report/text-diff.ts';
import type { ConflictRow } from '../../store/conflicts.ts';
import { ago } from '../ui/time.ts';
import type { Visit } from '../visit.ts';
import { marked, struck } from './diff.ts';
import { entryTexts, valueText } from './show.ts';

export type Column = 'base' | 'udesk' | 'crm';

/** Columns that have something to show: a whole record has no base. */
export function columnsOf(row: ConflictRow): readonly Column[] {
  return row.field === '*' ? ['udesk', 'crm'] : ['base', 'udesk', 'crm'];
}

export function columnValue(row: ConflictRow, column: Column): Value | null {
  return column === 'base' ? (row.base?.udesk ?? null) : row[column];
}

/** The value with what sets it apart: from what both agreed on, or else from the other side. */
export function columnBody(visit: Visit, row: ConflictRow, column: Column): Html {
  const value = columnValue(row, column);
  const empty = (text: string) => html`<span class="empty">${text}</span>`;
  if (column === 'base' && row.base === null) return empty(visit.t('value.never'));
  if (value === null || isBlank(value)) return empty(valueText(visit, row, value));
  const list = isSet(value);
  const texts = textsOf(visit, row, value);
  const shown = column === 'base' ? lostParts(visit, row, texts, list) : ownParts(visit, row, column, texts);
  return list
    ? html`<ul class="entries">${shown.map((entry) => html`<li>${entry}</li>`)}</ul>`
    : html`<span class="text">${shown}</span>`;
}

/** An edit that only takes away leaves nothing to mark on its side: what went is struck out in what both agreed on. */
function lostParts(visit: Visit, row: ConflictRow, agreed: readonly string[], list: boolean): Html[] {
  const edits = SIDES.map((side) => ({
    from: textsOf(visit, row, row.base?.[side] ?? null),
    to: textsOf(visit, row, row[side]),
  }));
  return losses(agreed, edits, list).map((parts) => struck(parts, { lost: visit.t('value.lost') }));
}

function ownParts(visit: Visit, row: ConflictRow, side: SideName, texts: readonly string[]): readonly Html[] {
  const compared = comparedWith(row, side);
  if (compared === null) return texts.map((text) => html`${text}`);
  const others = textsOf(visit, row, compared);
  if (isSet(row[side])) return entryDifferences(texts, others).map(marked);
  const other = isSet(compared) ? null : (others[0] ?? null);
  return texts.map((text) => marked(differences(text, other)));
}

/** Entry by entry; a single value is one entry, and a blank one is none. */
function textsOf(visit: Visit, row: ConflictRow, value: Value | null): readonly string[] {
  if (value === null || isBlank(value)) return [];
  return isSet(value) ? entryTexts(visit, row, value) : [valueText(visit, row, value)];
}

function comparedWith(row: ConflictRow, side: SideName): Value | null {
  if (row.field === '*') return null;
  if (row.base !== null && !isBlank(row.base[side])) return row.base[side];
  return row[otherSide(side)];
}

/** Who edited the side, and when, as far as anybody knows; of a record as a whole it is said so. */
export function changedBy(
  visit: Visit,
  row: ConflictRow,
  column: Column,
  author: EditAuthor | null,
): Html | null {
  if (column === 'base') return null;
  const at = author?.at ?? (column === 'udesk' ? row.udeskAt : row.crmAt);
  const who = author?.name ?? null;
  if (at === null || !Number.isFinite(Date.parse(at)))
    return html`<small class="muted">${visit.t('changed.unknown')}</small>`;
  const key = who === null ? 'changed.at' : author?.knownBy === 'record' ? 'changed.record' : 'changed.by';
  const [before = '', after = ''] = visit.t(key, { time: '\u0000', who: who ?? '' }).split('\u0000');
  return html`<small class="muted">${before}${ago(visit, at)}${after}</small>`;
}
