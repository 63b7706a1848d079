/** One conflict as a person at a terminal reads it: both values with what differs marked, and what each key would write. */
import type { Config } from '../config/schema.ts';
import type { EditAuthor } from '../core/edit-author.ts';
import type { FieldBase } from '../core/link.ts';
import type { SideName } from '../core/record.ts';
import { isBlank, isSet, type Value } from '../core/value.ts';
import { choicesFor } from '../report/choices.ts';
import { conflictText } from '../report/conflict-document.ts';
import { fieldOf } from '../report/mapped-field.ts';
import { editVerb } from '../report/story-text.ts';
import type { TextPart } from '../report/text-diff.ts';
import { comparedWith, lostParts, ownParts } from '../report/value-parts.ts';
import type { ConflictRow } from '../store/conflicts.ts';
import { ago } from './age.ts';
import { onOneLine, showValue } from './show-value.ts';

export interface ReviewCard {
  readonly row: ConflictRow;
  readonly author: EditAuthor | null;
  /** `3 of 12` */
  readonly place: string;
}

type Mark = (text: string) => string;

/** The keys of the pages. */
const KEYS = { udesk: '1', crm: '2', base: '3', value: 'e' } as const;

/** @param color what differs is shown inverse; without colours it stands between ⟦ and ⟧ */
export function reviewCard(
  { row, author, place }: ReviewCard,
  config: Config,
  now: Date,
  color: boolean,
): string {
  const mark = (text: string) => (color ? `\u001b[7m${text}\u001b[27m` : `⟦${text}⟧`);
  const strong = (text: string) => (color ? `\u001b[1m${text}\u001b[22m` : text);
  const what = row.field === '*' ? 'the whole record' : row.field;
  const lines = [
    '',
    `${strong(`conflict ${row.id}: ${what}`)}   ${place}`,
    `  ${row.pair}, Udesk ${row.udeskId ?? '–'}, CRM ${row.crmId ?? '–'}; ${row.kind}, opened ${ago(row.openedAt, now)}`,
    `  why          ${onOneLine(row.reason)}`,
  ];
  if (row.field !== '*')
    lines.push(`  last agreed  ${row.base === null ? 'never' : markedBase(row, row.base, mark)}`);
  lines.push(
    `  in Udesk     ${markedValue(row, 'udesk', mark)}${changed(row.udeskAt, author, now)}`,
    `  in the CRM   ${markedValue(row, 'crm', mark)}${changed(row.crmAuthor?.at ?? row.crmAt, row.crmAuthor, now)}`,
    '',
  );
  const { pair, spec } = fieldOf(config, row);
  const choices = choicesFor(row, spec, pair?.match.defaultRegion ?? 'CN', (value) => shown(row, value));
  for (const { take, refused, effect } of choices) {
    lines.push(
      `  ${strong(KEYS[take])}  ${LABELS[take]}: ${refused === null ? effect : `not possible: ${refused}`}`,
    );
  }
  if (choices.length === 0)
    lines.push('  The configuration does not map this field any more: nothing can be decided.');
  lines.push(`  ${strong('s')} skip   ${strong('u')} undo the last decision   ${strong('q')} stop`);
  return lines.join('\n');
}

const LABELS = {
  udesk: 'take Udesk',
  crm: 'take the CRM',
  base: 'take the agreed value',
  value: 'give another value',
};

export function shown(row: Pick<ConflictRow, 'field'>, value: Value | null): string {
  if (row.field !== '*') return showValue(value);
  return value === null ? '(deleted)' : onOneLine(conflictText(row, value)) || '(unchanged)';
}

/** Set apart from what both agreed on, or else from the other side. */
function markedValue(row: ConflictRow, side: SideName, mark: Mark): string {
  const value = row[side];
  if (row.field === '*' || value === null || isBlank(value)) return shown(row, value);
  return ownParts(value, comparedWith(row, side), textsOf)
    .map((parts) => withMarks(parts, mark))
    .join(', ');
}

function markedBase(row: ConflictRow, base: FieldBase, mark: Mark): string {
  if (isBlank(base.udesk)) return showValue(base.udesk);
  return lostParts(row, base, textsOf)
    .map((parts) => withMarks(parts, mark))
    .join(', ');
}

/** Entry by entry; a single value is one entry, and a blank one is none. */
function textsOf(value: Value | null): readonly string[] {
  if (value === null || isBlank(value)) return [];
  return isSet(value) ? value.map((each) => onOneLine(each.value)) : [showValue(value)];
}

function withMarks(parts: readonly TextPart[], mark: Mark): string {
  return parts.map((part) => (part.differs ? mark(part.text) : part.text)).join('');
}

function changed(at: string | null, author: EditAuthor | null, now: Date): string {
  if (at === null) return '';
  return author?.name == null
    ? `   (changed ${ago(at, now)})`
    : `   (${editVerb(author.knownBy)} ${ago(at, now)} by ${onOneLine(author.name)})`;
}
