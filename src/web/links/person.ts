/** A record of one side as a person compares it with another: its fields, with what it shares with the other side marked. */
import type { SideName } from '../../core/record.ts';
import { isBlank, type Value } from '../../core/value.ts';
import { nameIn } from '../../report/customer-names.ts';
import { type Html, html } from '../../report/html.ts';
import type { KnownRecord } from '../../store/records.ts';
import { entryTexts, type FieldLabels, fieldName, valueText } from '../conflicts/show.ts';
import type { Visit } from '../visit.ts';

export interface Person {
  readonly pair: string;
  readonly side: SideName;
  readonly id: string;
  /** Null: the mirror does not know it (any more). */
  readonly record: KnownRecord | null;
}

export function personName({ services }: Visit, { pair, side, record }: Person): string | null {
  return nameIn(services.config, pair, side, record);
}

/** @param shared normalised values that speak for the match */
export function personFields(
  visit: Visit,
  person: Person,
  labels: FieldLabels,
  shared: readonly string[],
): Html {
  const { t, services } = visit;
  const { pair, side, record } = person;
  if (record === null) return html`<p class="empty">${t('person.unknown')}</p>`;
  const fields = services.config.pairs.find(({ name }) => name === pair)?.fields ?? [];
  const held = fields.flatMap((field): [string, Value][] => {
    const value = record.record.fields[side === 'udesk' ? field.udesk : field.crm] ?? null;
    return value === null || isBlank(value) ? [] : [[field.udesk, value]];
  });
  return html`${record.state === 'deleted' && html`<p class="empty">${t('value.deleted')}</p>`}
<dl class="fields">${held.map(
    ([field, value]) =>
      html`<div><dt>${fieldName(visit, labels, pair, field)}</dt><dd>${value === true || value === false || typeof value === 'string' ? valueText(visit, { field }, value) : entries(visit, field, value, shared)}</dd></div>`,
  )}</dl>`;
}

function entries(visit: Visit, field: string, value: Value, shared: readonly string[]): Html {
  const texts = entryTexts(visit, { field }, value);
  return html`<ul class="entries">${texts.map((text) => html`<li>${shared.some((one) => isSame(text, one)) ? html`<mark>${text}</mark>` : text}</li>`)}</ul>`;
}

/** For marking only: the engine has compared the normalised forms. */
function isSame(text: string, normalised: string): boolean {
  if (text.trim().toLowerCase() === normalised.toLowerCase()) return true;
  const [a, b] = [text.replace(/\D/g, ''), normalised.replace(/\D/g, '')];
  const isPhone = /^[+\d][\d\s()-]+$/.test(text.trim());
  return isPhone && a.length >= 7 && (a.endsWith(b) || b.endsWith(a));
}
