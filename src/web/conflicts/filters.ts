/** The filters of the inbox, each with how many conflicts every choice of it would leave. */
import { POLICIES } from '../../core/spec.ts';
import { type Html, html } from '../../report/html.ts';
import { fieldsOf } from '../../report/mapped-field.ts';
import { agentNames } from '../../store/directory.ts';
import { INBOX_SORTS } from '../../store/inbox.ts';
import { type Facets, policyKey } from '../../store/inbox-facets.ts';
import { INBOX_AGES, type InboxAge } from '../../store/inbox-filter.ts';
import type { SignedVisit } from '../visit.ts';
import { type InboxParams, inboxAddress } from './query.ts';
import { type FieldLabels, fieldName, kindName } from './show.ts';

export interface FiltersView {
  readonly params: InboxParams;
  readonly facets: Facets;
  readonly labels: FieldLabels;
  /** By Udesk's id of an agent. */
  readonly owners: ReadonlyMap<string, string>;
}

/** Parameters of the address that have counts. */
export const FILTER_NAMES = [
  'pair',
  'field',
  'kind',
  'age',
  'policy',
  'owner',
  'author',
  'assigned',
] as const;
type Name = (typeof FILTER_NAMES)[number];

/** What the owners are called whom the counts name. */
export async function ownerNames(
  { services }: SignedVisit,
  facets: Facets,
): Promise<ReadonlyMap<string, string>> {
  return await agentNames(services.db, [...facets.counts.owner.keys()]);
}

export function isFiltered(params: InboxParams): boolean {
  return (
    params.q !== undefined ||
    params.pattern !== undefined ||
    FILTER_NAMES.some((name) => params[name] !== undefined)
  );
}

export function filters(visit: SignedVisit, view: FiltersView): Html {
  const { t } = visit;
  const { params, facets } = view;
  const active = FILTER_NAMES.some((name) => params[name] !== undefined);
  return html`<form class="filters card" method="get" action="/conflicts" role="search" aria-label="${t('filter.title')}" data-auto>
<input type="hidden" name="state" value="${params.state}">
${params.pattern !== undefined && html`<input type="hidden" name="pattern" value="${params.pattern}"><p class="small">${t('similar.group')}</p>`}
<label class="search">${t('filter.search')}<input type="search" name="q" value="${params.q ?? ''}" placeholder="${t('filter.search-hint')}" maxlength="200" data-search></label>
<details class="selects"${active && html` open`}><summary>${t('filter.title')}</summary><div class="grid">
${FILTER_NAMES.map((name) => select(visit, view, name))}
<label>${t('filter.sort')}<select name="sort">${INBOX_SORTS.map(
    (sort) =>
      html`<option value="${sort}"${sort === params.sort && html` selected`}>${t(`sort.${sort}`)}</option>`,
  )}</select></label></div></details>
${facets.newest !== null && html`<p class="muted small">${t('filter.newest', { n: visit.format.number(facets.newest) })}</p>`}
<div class="buttons"><button class="primary">${t('filter.submit')}</button>${
    isFiltered(params) &&
    html`<a href="${inboxAddress({ state: params.state, sort: params.sort })}">${t('filter.clear')}</a>`
  }</div>
</form>`;
}

/** Null where there is nothing to choose between. */
function select(visit: SignedVisit, view: FiltersView, name: Name): Html | null {
  const { t, format } = visit;
  const { params, facets } = view;
  const counts = countsOf(visit, facets, name);
  const chosen = params[name];
  const known = [...new Set([...counts.keys(), ...(chosen === undefined ? [] : [chosen])])];
  if (name === 'pair' && known.length < 2) return null;
  if ((name === 'owner' || name === 'author') && known.length === 0) return null;
  const count = (value: string) =>
    `${format.number(counts.get(value) ?? 0)}${facets.newest === null ? '' : '+'}`;
  return html`<label>${t(`filter.${name}`)}<select name="${name}"><option value="">${t('filter.any')}</option>${known.map(
    (value) =>
      html`<option value="${value}"${value === chosen && html` selected`}>${labelOf(visit, view, name, value)} (${count(value)})</option>`,
  )}</select></label>`;
}

/** By what stands in the address. What nobody holds or did is no choice, but being nobody's is. */
export function countsOf(
  { services, actor }: SignedVisit,
  facets: Facets,
  name: Name,
): ReadonlyMap<string, number> {
  const { counts } = facets;
  switch (name) {
    case 'age':
      return new Map(INBOX_AGES.map((age) => [age, counts.age.get(age) ?? 0]));
    case 'pair':
      return new Map([
        ...services.config.pairs.map((pair): [string, number] => [pair.name, 0]),
        ...counts.pair,
      ]);
    case 'policy':
      return new Map(
        POLICIES.flatMap((policy): [string, number][] => {
          const fields = fieldsOf(services.config, policy);
          const sum = fields.reduce(
            (n, { pair, field }) => n + (counts.policy.get(policyKey(pair, field)) ?? 0),
            0,
          );
          return sum === 0 ? [] : [[policy, sum]];
        }),
      );
    case 'assigned': {
      const others = [...counts.assignee].filter(([who]) => who !== '' && who !== actor.name);
      return new Map([
        ['me', counts.assignee.get(actor.name) ?? 0],
        ['nobody', counts.assignee.get('') ?? 0],
        ...others,
      ]);
    }
    default:
      return new Map([...counts[name]].filter(([value]) => value !== ''));
  }
}

function labelOf(
  visit: SignedVisit,
  { params, labels, owners }: FiltersView,
  name: Name,
  value: string,
): string {
  const { t, services } = visit;
  switch (name) {
    case 'field':
      return fieldName(visit, labels, params.pair ?? services.config.pairs[0]?.name ?? '', value);
    case 'kind':
      return kindName(visit, value);
    case 'age':
      return t(`age.${value as InboxAge}`);
    case 'policy':
      return t(`policy.${value as (typeof POLICIES)[number]}`);
    case 'owner':
      return owners.get(value) ?? value;
    case 'assigned':
      return value === 'me' || value === 'nobody' ? t(`assigned.${value}`) : value;
    default:
      return value;
  }
}
