/** The values of a conflict side by side: what both agreed on, and what each side holds now. */

import type { EditAuthor } from '../../core/edit-author.ts';
import { isBlank, isSet, type Value } from '../../core/value.ts';
import { type Html, html } from '../../report/html.ts';
import type { ConflictRow } from '../../store/conflicts.ts';
import { ago } from '../ui/time.ts';
import type { Visit } from '../visit.ts';
import { marked } from './diff.ts';
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
  const compared = comparedWith(row, column);
  if (!isSet(value)) {
    const other =
      compared === null || isSet(compared) || isBlank(compared) ? null : valueText(visit, row, compared);
    return html`<span class="text">${marked(valueText(visit, row, value), other)}</span>`;
  }
  const others = new Set(compared === null ? [] : entryTexts(visit, row, compared));
  const all = compared === null;
  return html`<ul class="entries">${entryTexts(visit, row, value).map(
    (text) => html`<li>${all || others.has(text) ? text : html`<mark>${text}</mark>`}</li>`,
  )}</ul>`;
}

function comparedWith(row: ConflictRow, column: Column): Value | null {
  if (column === 'base' || row.field === '*') return null;
  if (row.base !== null && !isBlank(row.base[column])) return row.base[column];
  return row[column === 'udesk' ? 'crm' : 'udesk'];
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
