/** One link, or one question of identity with all who might be meant, and the forms that answer it. */
import { SIDES, type SideName } from '../../core/record.ts';
import { type Html, html } from '../../report/html.ts';
import { candidatesOf, isConfirmable, isEndable, shownAs } from '../../store/link-decisions.ts';
import type { LinkRow } from '../../store/links.ts';
import { loadRecords } from '../../store/records.ts';
import { allows } from '../auth/roles.ts';
import type { FieldLabels } from '../conflicts/show.ts';
import { csrfField } from '../ui/form.ts';
import { ago } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import { decidedByText, evidenceList, linkReason, sharedValues } from './evidence.ts';
import { type Person, personFields, personName } from './person.ts';

export interface ShownLink {
  readonly row: LinkRow;
  readonly people: Readonly<Record<SideName, readonly Person[]>>;
}

export async function showLinks(visit: SignedVisit, found: readonly LinkRow[]): Promise<ShownLink[]> {
  return await Promise.all(
    found.map(async (row) => {
      const people = async (side: SideName) => {
        const ids = candidatesOf(row, side);
        const known = await loadRecords(visit.services.db, row.pair, side, ids);
        return ids.map((id): Person => ({ pair: row.pair, side, id, record: known.get(id) ?? null }));
      };
      return { row, people: { udesk: await people('udesk'), crm: await people('crm') } };
    }),
  );
}

export interface LinkCardOptions {
  readonly labels: FieldLabels;
  readonly said?: Html | null;
  /** On its own page there is room for everybody. */
  readonly whole?: boolean;
}

/** On a card there is room for so many of each side. */
const SHOWN = 4;

export function linkCard(visit: SignedVisit, shown: ShownLink, options: LinkCardOptions): Html {
  const { t, format } = visit;
  const { row, people } = shown;
  const asks = row.state === 'candidate';
  const decides = allows(visit.actor.role, 'reviewer');
  const form = `answer-${row.id}`;
  const title = nameOf(visit, shown);
  const heading = options.whole
    ? html`<h2>${t('link.who')}</h2>`
    : html`<h2 id="name-${row.id}"><a href="/links/${row.id}" data-key="o">${title}</a></h2>`;
  return html`<article class="conflict link ${asks ? 'open' : row.state}" id="link-${row.id}" data-row tabindex="-1"${!options.whole && html` aria-labelledby="name-${row.id}"`}>
<div class="head">${heading}
<span class="badge${!asks && ' state'}">${t(`link.state.${row.state}`)}</span>
${row.score !== null && asks && html`<span class="muted small">${t('link.score', { n: format.number(Math.round(row.score * 100)) })}</span>`}
<span class="meta">${visit.services.config.pairs.length > 1 && html`${row.pair} · `}${ago(visit, row.createdAt)}</span></div>
${options.said}
${linkReason(visit, row)}
${evidenceList(visit, row.evidence)}
<div class="values pair">${SIDES.map((side) => sideOf(visit, row, side, people[side], { ...options, form, decides }))}</div>
${asks && decides && answers(visit, shown, form)}
${!asks && html`<p class="foot muted">${t('link.by', { who: decidedByText(visit, row.decidedBy) })}</p>`}
${options.whole && decides && !asks && others(visit, row)}
</article>`;
}

function sideOf(
  visit: SignedVisit,
  row: LinkRow,
  side: SideName,
  people: readonly Person[],
  options: LinkCardOptions & { readonly form: string; readonly decides: boolean },
): Html {
  const { t, format } = visit;
  const asks = row.state === 'candidate' && options.decides;
  const shared = sharedValues(row.evidence);
  // Whoever may be chosen is shown: a choice among some would be a trap.
  const shown = options.whole || asks ? people : people.slice(0, SHOWN);
  return html`<section class="side ${side}"><h3>${t(`side.${side}`)}</h3>
${people.length === 0 && html`<p class="empty">${t('link.to-create')}</p>`}
${shown.map((person) => {
  const name = personName(visit, person) ?? t('conflicts.nameless');
  const linked = person.record?.linkId ?? null;
  const choose = asks && people.length > 1;
  const head = html`<b>${name}</b> <span class="muted small">${person.id}</span>`;
  return html`<div class="person">${
    choose
      ? html`<label class="check"><input type="radio" form="${options.form}" name="${side}" value="${person.id}" required> <span>${head}</span></label>`
      : html`<div class="person-head">${head}</div>`
  }${personFields(visit, person, options.labels, shared)}
${linked !== null && linked !== row.id && html`<p class="small"><a href="/links/${linked}">${t('link.linked-elsewhere', { id: linked })}</a></p>`}</div>`;
})}
${shown.length < people.length && html`<p class="muted">${t('link.more', { n: format.number(people.length - shown.length) })}</p>`}
</section>`;
}

/** "The same person" and "not the same person": one form, so that the chosen ones go with the answer. */
function answers(visit: SignedVisit, { row, people }: ShownLink, form: string): Html {
  const { t } = visit;
  const choose = SIDES.some((side) => people[side].length > 1);
  const target = html` hx-target="#link-${row.id}" hx-swap="outerHTML"`;
  return html`<div class="answers buttons">
<form id="${form}" method="post" action="/links/${row.id}/confirm" hx-post="/links/${row.id}/confirm"${target}>${csrfField(visit)}<button class="primary take" data-key="1" title="${t('link.confirm-effect')}"><kbd aria-hidden="true">1</kbd>${t(choose ? 'link.confirm-chosen' : 'link.confirm')}</button></form>
<form method="post" action="/links/${row.id}/reject" hx-post="/links/${row.id}/reject"${target}>${csrfField(visit)}<button class="take" data-key="2" title="${t('link.reject-effect')}"><kbd aria-hidden="true">2</kbd>${t(choose ? 'link.reject-all' : 'link.reject')}</button></form>
</div>`;
}

/** Ending a link, or taking a "no" back: rare, and only on the page of the link. */
function others(visit: SignedVisit, row: LinkRow): Html | null {
  const { t } = visit;
  if (isEndable(row)) {
    return html`<form class="give" method="post" action="/links/${row.id}/unlink">${csrfField(visit)}<input type="hidden" name="shown" value="${shownAs(row)}">
<h2>${t('link.unlink')}</h2><p class="muted">${t(row.state === 'confirmed' ? 'link.unlink-effect' : 'link.unlink-flagged')}</p>
<label class="check"><input type="checkbox" name="sure" value="1" required> ${t('link.unlink-sure')}</label>
<button>${t('link.unlink')}</button></form>`;
  }
  const ready = SIDES.every((side) => candidatesOf(row, side).length === 1);
  if (!isConfirmable(row) || !ready) return null;
  return html`<form class="give" method="post" action="/links/${row.id}/confirm">${csrfField(visit)}
<p class="muted">${t('link.again-effect')}</p><button>${t('link.confirm')}</button></form>`;
}

export function nameOf(visit: SignedVisit, { people }: ShownLink): string {
  const names = SIDES.flatMap((side) => people[side].flatMap((person) => personName(visit, person) ?? []));
  const [first] = names;
  const other = names.find((name) => name !== first);
  if (first === undefined) return visit.t('conflicts.nameless');
  return other === undefined ? first : `${first} · ${other}`;
}
