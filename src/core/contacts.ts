/** E-mails and phones of a record: as they are held, as they are compared, and as a side is asked for them. Pure. */
import { isStorableText } from '../lib/storable-text.ts';
import { asElements, normalizeText } from './equivalence.ts';
import { toCommon } from './mapping.ts';
import { phoneForms } from './phone.ts';
import type { SideName, SideRecord } from './record.ts';
import { type PairSpec, sideField } from './spec.ts';
import type { Value } from './value.ts';

export type ContactKind = 'email' | 'cellphone';

export interface Contact {
  readonly kind: ContactKind;
  readonly value: string;
}

/**
 * By what to ask a side for whoever holds these e-mails and phones: each in the form in which it is compared, and as it is
 * written where nothing asks for that otherwise. A side that compares letter by letter knows it by nothing else.
 * @param fields of a record, or of what is sent, by the side's names; whether the pair matches by them or not
 */
export function contactsToAskFor(
  spec: PairSpec,
  side: SideName,
  fields: SideRecord['fields'],
): readonly Contact[] {
  return (['email', 'cellphone'] as const).flatMap((kind) => {
    const texts = contactTexts(spec, side, fields, kind).flatMap((text) => {
      const form = contactForm(spec, kind, text);
      const written = text.trim();
      const asked = kind === 'email' ? [form] : phoneForms(form, spec.match.defaultRegion);
      return asked.includes(written) ? [form] : [form, written];
    });
    return [...new Set(texts)].filter(isStorableText).map((value) => ({ kind, value }));
  });
}

const CONTACT_FIELDS: Record<ContactKind, readonly string[]> = {
  email: ['email', 'emails'],
  cellphone: ['cellphones'],
};

/** As they are held, wherever the side tells them. */
export function contactTexts(
  spec: PairSpec,
  side: SideName,
  fields: SideRecord['fields'],
  kind: ContactKind,
): string[] {
  const mapped = spec.fields.filter(({ udesk }) => CONTACT_FIELDS[kind].includes(udesk));
  const values: (Value | undefined)[] = mapped.map((field) => {
    const value = fields[sideField(field, side)];
    const common = value === undefined ? undefined : toCommon(field, side, value);
    return common?.ok ? common.value : undefined;
  });
  // Udesk tells its contact points under fixed names, whether the pair maps them or not.
  if (side === 'udesk') values.push(...CONTACT_FIELDS[kind].map((name) => fields[name]));
  return values
    .flatMap((value) => (value === undefined ? [] : asElements(value)))
    .map(({ value }) => value)
    .filter((text) => {
      const form = contactForm(spec, kind, text);
      return kind === 'email' ? form.includes('@') : /\d/.test(form);
    });
}

/** In which two of them are one. */
export function contactForm({ match }: PairSpec, kind: ContactKind, text: string): string {
  return normalizeText(kind === 'email' ? 'email' : 'phone', text, match.defaultRegion);
}
