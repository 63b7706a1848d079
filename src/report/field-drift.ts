/** What changed in a custom field of Udesk since its meaning was accepted, in words. Pure. */
import type { FieldDrift } from '../store/custom-fields.ts';

export function driftWords({ field, kind, value, was, now }: FieldDrift): string {
  switch (kind) {
    case 'vanished':
      return `${field} is not among the custom fields of Udesk any more: it is neither read nor written`;
    case 'retyped':
      return `${field} was of the type ${was} and is ${now} now`;
    case 'option-moved':
      return `${field}: option ${value} was "${was}" and is "${now}" now: customers who hold it are left alone in this field`;
    case 'option-gone':
      return `${field}: option ${value} ("${was}") was removed: customers who hold it are left alone in this field`;
    case 'option-new':
      return `${field}: option ${value} ("${now}") is new beside options that moved: it has no meaning yet`;
  }
}

export function driftAdvice({ kind, field }: FieldDrift, pair: string): string {
  if (kind === 'vanished') return `Bring ${field} back in Udesk, or take it out of the mapping.`;
  return `When customers mean what Udesk shows today: udesk-sync check --pin-options --pair ${pair}. Otherwise put the options back in Udesk.`;
}
