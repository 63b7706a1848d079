/** The parts of the page that are about conflicts. */
import type { ConflictKind } from '../../core/link.ts';
import { conflictText } from '../conflict-document.ts';
import { type Html, html } from '../html.ts';
import { bar, dayChart, responsive } from './charts.ts';
import type { Age, Group, SyncReport } from './document.ts';
import { dataTable, legend, section, type View } from './html-parts.ts';
import type { Words } from './words.ts';

/** Rows of the page; the CSV and the JSON have all. */
const OPEN_SHOWN = 200;
const GROUPS_SHOWN = 8;
/** A longer value is cut: a note may be a letter. */
const VALUE_SHOWN = 160;

export function dailySection({ report, words, format }: View): Html {
  const { daily, opened, closed, open } = report.conflicts;
  const w = words.daily;
  const summary = w.summary(format.number(opened), format.number(closed), format.number(open));
  const days = daily.map((day) => ({ ...day, label: format.day(day.day), open: day.openAtEnd }));
  const chart = responsive('daily', (frame) =>
    dayChart({ ...frame, title: w.title, summary }, days, format.number),
  );
  const table = dataTable(
    [...daily].reverse().filter((day) => day.opened + day.closed > 0 || daily.length <= 31),
    [
      { title: w.day, cell: ({ day }) => html`<time datetime="${day}">${format.date(day)}</time>` },
      { title: w.opened, kind: 'n', cell: (day) => format.number(day.opened) },
      { title: w.closed, kind: 'n', cell: (day) => format.number(day.closed) },
      { title: w.openAtEnd, kind: 'n', cell: (day) => format.number(day.openAtEnd) },
    ],
  );
  const marks = legend([
    ['opened', w.opened],
    ['closed', w.closed],
    ['backlog', w.openAtEnd],
  ]);
  return section(
    'daily',
    w.title,
    w.hint,
    html`${chart}${marks}<details><summary>${words.asTable}</summary>${table}</details>`,
  );
}

export function openSection({ report, words, format }: View): Html {
  const { openList } = report.conflicts;
  const w = words.openList;
  if (openList.length === 0) return section('open', w.title, null, html`<p class="good">✓ ${w.none}</p>`);
  const severalPairs = report.pairs.length > 1;
  type Row = SyncReport['conflicts']['openList'][number];
  const value = (row: Row, shown: Row['udesk']): Html => {
    const text = conflictText(row, shown);
    if (text !== '') return html`${cut(text)}`;
    return html`<span class="empty">${row.field === '*' && shown === null ? words.deleted : words.empty}</span>`;
  };
  const author = (row: Row, side: 'udesk' | 'crm') => {
    const { name = null, knownBy } = row.authors[side] ?? {};
    if (name === null) return html``;
    return html`<br><span class="ids">${knownBy === 'record' ? w.lastBy(name) : w.by(name)}</span>`;
  };
  const ids = (row: Row) =>
    html`<span class="ids">${w.udeskId} ${row.udeskId ?? '–'}<br>${w.crmId} ${row.crmId ?? '–'}${severalPairs ? html`<br>${row.pair}` : ''}</span>`;
  const table = dataTable(
    openList.slice(0, OPEN_SHOWN),
    [
      { title: w.id, cell: (row) => row.id },
      { title: w.customer, cell: ids },
      {
        title: w.field,
        cell: (row) =>
          html`${row.field === '*' ? words.wholeRecord : html`<code>${row.field}</code>`}<br><span class="ids">${kindText(words, row.kind)}</span>`,
      },
      { title: w.base, cell: (row) => (row.field === '*' ? '' : value(row, row.base)) },
      { title: w.udesk, cell: (row) => html`${value(row, row.udesk)}${author(row, 'udesk')}` },
      { title: w.crm, cell: (row) => html`${value(row, row.crm)}${author(row, 'crm')}` },
      {
        title: w.age,
        kind: 'n',
        cell: (row) =>
          html`${format.duration(row.ageMs)}${row.state === 'resolving' ? html`<br><span class="tag">${w.decided}</span>` : ''}`,
      },
    ],
    'open-list',
  );
  const more =
    openList.length > OPEN_SHOWN ? w.more(format.number(OPEN_SHOWN), format.number(openList.length)) : null;
  return section('open', w.title, more, table);
}

export function groupsSection({ report, words, format }: View): Html {
  const { conflicts } = report;
  const w = words.groups;
  const withUnknown = (groups: readonly Group[], unknown: Group) =>
    unknown.opened + unknown.closed + unknown.open > 0
      ? [...groups, { ...unknown, name: w.authorUnknown }]
      : groups;
  const inUdesk = withUnknown(conflicts.byAuthor, conflicts.authorUnknown);
  const inCrm = withUnknown(conflicts.byCrmAuthor, conflicts.crmAuthorUnknown);
  const ageMost = Math.max(0, ...conflicts.byAge.map(({ open }) => open));
  const counts = (group: Group) =>
    html`<span class="ids">${w.opened} ${format.number(group.opened)} · ${w.closed} ${format.number(group.closed)}</span>`;
  const table = (title: string, groups: readonly Group[], name: (group: Group) => Html | string) => {
    const shown = groups.slice(0, GROUPS_SHOWN);
    const most = Math.max(0, ...groups.map(({ open }) => open));
    const rest = groups.length - shown.length;
    return html`<div><table><caption>${title}</caption><tbody>
${shown.map((group) => html`<tr><th scope="row">${name(group)}<br>${counts(group)}</th><td class="b">${bar(group.open, most)}</td><td class="n">${format.number(group.open)}</td></tr>\n`)}</tbody></table>${rest > 0 ? html`<p class="ids">${w.others(format.number(rest))}</p>` : ''}</div>`;
  };
  if (conflicts.opened + conflicts.closed + conflicts.open === 0) {
    return section('groups', w.title, null, html`<p class="empty">${words.nothing}</p>`);
  }
  const ages = html`<div><table><caption>${w.age}</caption><tbody>
${conflicts.byAge.map(({ age, open }) => html`<tr><th scope="row">${words.ages[age as Age]}</th><td class="b">${bar(open, ageMost)}</td><td class="n">${format.number(open)}</td></tr>\n`)}</tbody></table></div>`;
  const closed = html`<div><table><caption>${w.closedBy}</caption><tbody>
${conflicts.closedBy.slice(0, GROUPS_SHOWN).map(({ name, closed: n }) => html`<tr><th scope="row">${closerText(words, name)}</th><td class="b">${bar(n, conflicts.closed)}</td><td class="n">${format.number(n)}</td></tr>\n`)}</tbody></table></div>`;
  return section(
    'groups',
    w.title,
    w.hint,
    html`<div class="groups">
${ages}
${table(w.field, conflicts.byField, ({ name }) => (name === '*' ? words.wholeRecord : html`<code>${name}</code>`))}
${table(w.kind, conflicts.byKind, ({ name }) => kindText(words, name))}
${table(w.policy, conflicts.byPolicy, ({ name }) => policyText(words, name))}
${table(w.author, inUdesk, ({ name }) => name)}
${conflicts.byCrmAuthor.length === 0 ? '' : table(w.crmAuthor, inCrm, ({ name }) => name)}
${conflicts.closed === 0 ? '' : closed}
</div>`,
  );
}

function policyText(words: Words, name: string): Html | string {
  if (name === '*') return words.wholeRecord;
  return name === '-' ? words.notMapped : html`<code>${name}</code>`;
}

function kindText(words: Words, kind: string): string {
  return words.kinds[kind as ConflictKind] ?? kind;
}

function closerText(words: Words, name: string): string {
  const [, id, who] = /^rule:([1-9]\d*) for (.*)$/s.exec(name) ?? [];
  if (id !== undefined && who !== undefined) return words.rule(id, who);
  return words.closers[name as keyof Words['closers']] ?? name;
}

function cut(text: string): string {
  const letters = [...text];
  return letters.length <= VALUE_SHOWN ? text : `${letters.slice(0, VALUE_SHOWN).join('')}…`;
}
