/** Tables of the page. */
import { type Html, html } from '../html.ts';
import type { SyncReport } from './document.ts';
import type { Format } from './format.ts';
import type { Words } from './words.ts';

/** What every part of the page is made from. */
export interface View {
  readonly report: SyncReport;
  readonly words: Words;
  readonly format: Format;
  /** A reason of the engine in the language of the page; what others said stays as it is. */
  readonly told: (reason: string) => string;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Html | string;
  /** `n`: numbers, right-aligned. */
  readonly kind?: 'n';
}

/** Its first column names the row. On a phone each row becomes a card. */
export function dataTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  name: 'open-list' | 'plain' = 'plain',
): Html {
  const heads = columns.map(({ title, kind }) =>
    kind === 'n' ? html`<th scope="col" class="n">${title}</th>` : html`<th scope="col">${title}</th>`,
  );
  return html`<table class="stack ${name}"><thead><tr>${heads}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((column, n) => cell(column, row, n === 0))}</tr>\n`)}</tbody></table>`;
}

function cell<Row>({ title, cell: value, kind }: Column<Row>, row: Row, first: boolean): Html {
  const content = html`<span>${value(row)}</span>`;
  if (first) return html`<th scope="row" data-label="${title}">${content}</th>`;
  return kind === 'n'
    ? html`<td class="n" data-label="${title}">${content}</td>`
    : html`<td data-label="${title}">${content}</td>`;
}

export function legend(entries: readonly (readonly [name: string, text: string])[]): Html {
  return html`<ul class="legend">${entries.map(([name, text]) => html`<li><i class="${name}"></i>${text}</li>`)}</ul>`;
}

export function section(id: string, title: string, hint: string | null, body: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${hint === null ? '' : html`<p class="hint">${hint}</p>`}
${body}</section>
`;
}
