/** The values of a conflict side by side: what both agreed on, and what each side holds now. */

import type { EditAuthor } from '../../core/edit-author.ts';
import { isBlank, isSet, type Value } from '../../core/value.ts';
import { type Html, html } from '../../report/html.ts';
import { comparedWith, lostParts, ownParts, type TextsOf } from '../../report/value-parts.ts';
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
  const textsOf = (one: Value | null): readonly string[] => {
    if (one === null || isBlank(one)) return [];
    return isSet(one) ? entryTexts(visit, row, one) : [valueText(visit, row, one)];
  };
  const shown = shownParts(visit, row, column, value, textsOf);
  return isSet(value)
    ? html`<ul class="entries">${shown.map((entry) => html`<li>${entry}</li>`)}</ul>`
    : html`<span class="text">${shown}</span>`;
}

function shownParts(visit: Visit, row: ConflictRow, column: Column, value: Value, textsOf: TextsOf): Html[] {
  if (column === 'base')
    return row.base === null
      ? []
      : lostParts(row, row.base, textsOf).map((parts) => struck(parts, { lost: visit.t('value.lost') }));
  const other = row.field === '*' ? null : comparedWith(row, column);
  return other === null
    ? textsOf(value).map((text) => html`${text}`)
    : ownParts(value, other, textsOf).map(marked);
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
