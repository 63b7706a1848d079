/** The conflicts as one page that may be mailed and opened anywhere: no script, nothing loaded, every value escaped. */
import { createHash } from 'node:crypto';
import type { EditAuthor } from '../core/edit-author.ts';
import { type ConflictDocument, conflictText } from './conflict-document.ts';
import { Html, html } from './html.ts';
import { WORDS as WORDS_OF_REPORT } from './sync/words.ts';

export interface PageOptions {
  readonly locale: 'zh-CN' | 'en';
  /** IANA name. */
  readonly timezone: string;
  readonly at: Date;
}

const WORDS = {
  en: {
    title: 'Conflicts between Udesk and the CRM',
    made: 'Made',
    none: 'There are no conflicts.',
    deleted: '(deleted)',
    nothing: '(nothing)',
    whole: 'whole record',
    columns: [
      'No.',
      'Pair',
      'Udesk id',
      'CRM id',
      'Field',
      'Kind',
      'State',
      'Agreed before',
      'Udesk',
      'Edited in Udesk by',
      'CRM',
      'Edited in the CRM by',
      'Opened',
    ],
    lastBy: (name: string) => `record last changed by ${name}`,
    states: {
      open: 'open',
      resolving: 'decided, on the way',
      resolved: 'resolved',
      converged: 'both sides agreed again',
    },
  },
  'zh-CN': {
    title: 'Udesk 与 CRM 的冲突',
    made: '生成时间',
    none: '没有冲突。',
    deleted: '（已删除）',
    nothing: '（空）',
    whole: '整条记录',
    columns: [
      '编号',
      '配对',
      'Udesk ID',
      'CRM ID',
      '字段',
      '类型',
      '状态',
      '上次一致的值',
      'Udesk',
      'Udesk 修改人',
      'CRM',
      'CRM 修改人',
      '发现时间',
    ],
    lastBy: (name: string) => `记录最后由 ${name} 修改`,
    states: {
      open: '待裁决',
      resolving: '已裁决，正在写入',
      resolved: '已解决',
      converged: '两边自行一致',
    },
  },
} as const;

const STYLE = `body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2em;color:#222;background:#fff}
h1{font-size:1.4em}table{border-collapse:collapse;width:100%}
th,td{border:1px solid #ccc;padding:.35em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#f3f3f3;position:sticky;top:0}td.empty{color:#777}p.count{color:#555}
@media print{th{position:static}}`;

export function conflictsHtml(rows: readonly ConflictDocument[], options: PageOptions): string {
  const words = WORDS[options.locale];
  const time = new Intl.DateTimeFormat(options.locale, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: options.timezone,
  });
  const body =
    rows.length === 0
      ? html`<p>${words.none}</p>`
      : html`<table>
<thead><tr>${words.columns.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => tableRow(row, options.locale, time))}</tbody>
</table>`;
  return html`<!doctype html>
<html lang="${options.locale}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${words.title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<h1>${words.title}</h1>
<p class="count">${rows.length} · ${words.made} ${time.format(options.at)} (${options.timezone})</p>
${body}
</body>
</html>
`.text;
}

type Words = (typeof WORDS)[keyof typeof WORDS];

function tableRow(row: ConflictDocument, locale: PageOptions['locale'], time: Intl.DateTimeFormat): Html {
  const words = WORDS[locale];
  const whole = row.field === '*';
  const value = (shown: ConflictDocument['udesk']) => {
    const text = conflictText(row, shown);
    if (text !== '') return html`<td>${text}</td>`;
    return html`<td class="empty">${whole && shown === null ? words.deleted : words.nothing}</td>`;
  };
  return html`<tr><td>${row.id}</td><td>${row.pair}</td><td>${row.udeskId ?? ''}</td><td>${row.crmId ?? ''}</td>
<td>${whole ? words.whole : row.field}</td><td>${WORDS_OF_REPORT[locale].kinds[row.kind] ?? row.kind}</td><td>${words.states[row.state]}</td>
${whole ? html`<td class="empty"></td>` : value(row.base)}${value(row.udesk)}${authorCell(row.authors.udesk, words, time)}${value(row.crm)}${authorCell(row.authors.crm, words, time)}
<td>${time.format(new Date(row.openedAt))}</td></tr>
`;
}

/** Of a record as a whole it is not said that this field was changed. Empty where nobody is known. */
function authorCell(author: EditAuthor | null, words: Words, time: Intl.DateTimeFormat): Html {
  if (author?.name == null) return html`<td class="empty"></td>`;
  const { name, at, knownBy } = author;
  const when = at === null ? '' : `, ${time.format(new Date(at))}`;
  return html`<td>${knownBy === 'record' ? words.lastBy(name) : name}${when}</td>`;
}

/** Nothing may be loaded, sent or run; the one style sheet is named by its digest. */
function policy(): string {
  const digest = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
}
