/** Numbers in the form that a side wants. Pure. */
import { normalizePhone, phoneForms } from '../phone.ts';
import { type Image, image, type Lens, noImage, type Was } from './lens.ts';

/** `e164`: +8613800138000 · `national`: as people of the region dial it, digits alone · `as-is`: as it was entered. */
export const PHONE_FORMS = ['e164', 'national', 'as-is'] as const;
export type PhoneForm = (typeof PHONE_FORMS)[number];

interface PhoneForms {
  readonly udesk: PhoneForm;
  readonly crm: PhoneForm;
  /** Country of numbers without a country code. */
  readonly region: string;
}

/** What is held already stays as it is, as long as it is the same number. */
export function phoneLens({ udesk, crm, region }: PhoneForms): Lens {
  return {
    toCrm: (text, was) => inForm(text, was, crm, region),
    toUdesk: (text, was) => inForm(text, was, udesk, region),
  };
}

function inForm(text: string | null, was: Was, form: PhoneForm, region: string): Image {
  if (text === null) return image(null);
  const number = normalizePhone(text, region);
  if (typeof was === 'string' && normalizePhone(was, region) === number) return image(was);
  if (form === 'as-is') return image(text);
  if (!/^\+\d{6,15}$/.test(number)) return noImage(`is no number that can be written as ${form}`);
  if (form === 'e164') return image(number);
  const [national = number] = phoneForms(number, region);
  return national === number
    ? noImage(`is no number of ${region}, so it has no national form`)
    : image(national);
}
