/** Values, fields and choices of conflicts in the visitor's words. */
import { asElements } from '../../core/equivalence.ts';
import type { Take } from '../../core/link.ts';
import { isAbsent, isSet, type Value } from '../../core/value.ts';
import type { Choice, SideEffect } from '../../report/choices.ts';
import { type Html, html } from '../../report/html.ts';
import type { judgeDecision } from '../../report/judge-decision.ts';
import { reasonIn, reasonInChinese } from '../../report/reasons-zh.ts';
import type { ConflictRow } from '../../store/conflicts.ts';
import { loadKnownFields } from '../../store/custom-fields.ts';
import { en, type WordKey } from '../i18n/en.ts';
import type { Visit } from '../visit.ts';

/** By pair and field name: what Udesk calls its custom fields. */
export type FieldLabels = ReadonlyMap<string, string>;

export async function fieldLabels({ services }: Visit): Promise<FieldLabels> {
  const labels = new Map<string, string>();
  for (const { name: pair, fields } of services.config.pairs) {
    if (!fields.some(({ udesk }) => udesk.startsWith('custom.'))) continue;
    for (const { name, label } of await loadKnownFields(services.db, pair))
      labels.set(`${pair} ${name}`, label);
  }
  return labels;
}

export function fieldName({ t }: Visit, labels: FieldLabels, pair: string, field: string): string {
  if (field === '*') return t('field.whole');
  const key = `field.${field}`;
  return isWordKey(key) ? t(key) : (labels.get(`${pair} ${field}`) ?? field);
}

export function kindName({ t }: Visit, kind: string): string {
  const key = `kind.${kind}`;
  return isWordKey(key) ? t(key) : kind;
}

function isWordKey(key: string): key is WordKey {
  return Object.hasOwn(en, key);
}

/** On one line, as plain text. */
export function valueText(visit: Visit, row: Pick<ConflictRow, 'field'>, value: Value | null): string {
  const { t } = visit;
  if (value === null || isAbsent(value))
    return row.field === '*' && value === null ? t('value.deleted') : t('value.nothing');
  if (typeof value === 'boolean') return t(`value.${value}`);
  if (!isSet(value)) return value.trim() === '' ? t('value.nothing') : value;
  const texts = entryTexts(visit, row, value);
  if (texts.length === 0) return t(row.field === '*' ? 'value.unchanged' : 'value.nothing');
  return texts.join(' · ');
}

/** The entries of a set; of a whole record, field by field what was edited. */
export function entryTexts({ t }: Visit, row: Pick<ConflictRow, 'field'>, value: Value): string[] {
  return asElements(value).map((element) =>
    row.field === '*' ? t('value.entry', { field: element.id ?? '', value: element.value }) : element.value,
  );
}

/** What a choice does, a sentence per side. */
export function effectTexts(visit: Visit, row: ConflictRow, choice: Choice): string[] {
  const { t } = visit;
  if (choice.refusal !== null) return [t(`refusal.${choice.refusal}`)];
  if (choice.record !== null) {
    return [t(`effect.${choice.record.action}`, { side: t(`side.${choice.record.side}`) })];
  }
  if (choice.take === 'value') return [t('effect.value')];
  const texts = choice.effects.map((effect) => effectText(visit, row, effect));
  return choice.effects.every(({ action }) => action === 'keeps') ? [...texts, t('effect.nothing')] : texts;
}

export function effectText(visit: Visit, row: ConflictRow, effect: SideEffect): string {
  const { t } = visit;
  const side = t(`side.${effect.side}`);
  const now = valueText(visit, row, effect.now);
  if (effect.action === 'gets')
    return t('effect.gets', { side, now, after: valueText(visit, row, effect.after) });
  if (effect.because === null) return t('effect.keeps', { side, value: now });
  return t('effect.keeps-direction', { side, value: now, direction: t(`direction.${effect.because}`) });
}

const TIME = /(?<= at |（时间：)\d{4}-\d\d-\d\dT[\d:.]+Z(?=, right before |）)/;

/** The reason that the engine kept, as a sentence. */
export function reasonText({ locale, format }: Visit, reason: string): Html {
  const translated = locale === 'zh-CN' ? reasonInChinese(reason) : null;
  // Only where the engine put a time: what somebody typed may look like one.
  const told = (translated ?? reason).replace(TIME, (iso) => format.time(iso));
  if (translated !== null) return html`${told}。`;
  const named = sidesNamed(told);
  const sentence = `${named.charAt(0).toUpperCase()}${named.slice(1)}`;
  const ended = /[.?!]$/.test(sentence) ? sentence : `${sentence}.`;
  return locale === 'en' ? html`${ended}` : html`<span lang="en">${ended}</span>`;
}

/** As people call the sides. What somebody typed is quoted, and stays as it is. */
function sidesNamed(reason: string): string {
  if (reason.includes('"')) return reason;
  return reason
    .replaceAll(/(?<![\w-])udesk(?![\w-])/g, 'Udesk')
    .replaceAll(/(?<![\w-])crm(?![\w-])/g, 'the CRM');
}

/** Why a write failed or what closed a conflict: our words in the visitor's language, those of others as they are. */
export function keptText({ locale }: Visit, text: string): string {
  return reasonIn(locale, text);
}

export function tookText({ t }: Visit, take: string): string {
  return t(`took.${take as Take}`);
}

/** Why a choice was not taken. */
export function refusalText(
  t: Visit['t'],
  code: Exclude<ReturnType<typeof judgeDecision>, { ok: true }>['code'],
): string {
  switch (code) {
    case 'no-base':
    case 'no-image':
    case 'whole-record':
    case 'unmapped':
    case 'empties':
    case 'deletes':
      return t(`refusal.${code}`);
    default:
      return t(`problem.${code}`);
  }
}
