/** A group of similar conflicts as it stands in addresses and forms, and as it is named. */
import { z } from 'zod';
import { readPattern } from '../../core/conflict-pattern.ts';
import { CONFLICT_KINDS } from '../../core/link.ts';
import { type Group, RULE_TAKES } from '../../core/review-rule.ts';
import { type Html, html } from '../../report/html.ts';
import { patternParam } from '../conflicts/query.ts';
import { type FieldLabels, fieldName, kindName } from '../conflicts/show.ts';
import { Refusal } from '../refusal.ts';
import type { Visit } from '../visit.ts';

export const groupParams = z.object({
  pair: z.string().min(1).max(200),
  field: z.string().min(1).max(200).describe('Udesk name; * for whole records'),
  kind: z.enum(CONFLICT_KINDS),
  pattern: patternParam,
});

/** What a person was shown of a proposal: turned on is exactly this, or nothing. */
export const ruleParams = groupParams.extend({
  take: z.enum(RULE_TAKES),
  agrees: z.coerce.number().int().min(0),
  total: z.coerce.number().int().min(0),
});

export function readGroup(search: URLSearchParams): Group {
  return readForm(groupParams, search);
}

export function readForm<T extends z.ZodType>(schema: T, search: URLSearchParams): z.output<T> {
  const read = schema.safeParse(Object.fromEntries(search));
  if (!read.success) throw new Refusal('bad-request');
  return read.data;
}

function searchText({ pair, field, kind, pattern }: Group): string {
  return new URLSearchParams({ pair, field, kind, pattern }).toString();
}

export function groupAddress(group: Group): string {
  return `/conflicts/similar/group?${searchText(group)}`;
}

/** The inbox with exactly these: there they are decided at once, after a look at every single write. */
export function groupInbox(group: Group): string {
  return `/conflicts?${searchText(group)}`;
}

export function groupName(visit: Visit, labels: FieldLabels, { pair, field, kind }: Group): Html {
  const several = visit.services.config.pairs.length > 1;
  return html`${several && html`<span class="muted">${pair} ·</span> `}${fieldName(visit, labels, pair, field)} <span class="field">${kindName(visit, kind)}</span>`;
}

/** In words: what kind of difference, who edited, which edit was later. */
export function patternBadges({ t }: Visit, group: Group): Html {
  const pattern = readPattern(group.pattern);
  if (pattern === null) return html`<span class="badge">${group.pattern}</span>`;
  const { author, crmAuthor, shape, order } = pattern;
  const inCrm = crmAuthor !== 'unknown' && html` <span class="badge">${t(`crm-author.${crmAuthor}`)}</span>`;
  return html`<p class="badges"><span class="badge state">${t(`shape.${shape}`)}</span> <span class="badge">${t(`author.${author}`)}</span>${inCrm} <span class="badge">${t(`order.${order}`)}</span></p>`;
}
