/**
 * Phone numbers in one form, so that the same number written in two ways is one number (sync design §3, §6).
 * Pure: the memo only remembers answers.
 */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/**
 * E.164 (`;ext=` kept when there is an extension, since two extensions are two phones). What the library does not
 * hold for a valid number keeps its digits and its leading `+`, and nothing is stripped from it: two wrong numbers
 * must not become one. Text without a digit is only trimmed. Idempotent.
 */
export function normalizePhone(text: string, region: string): string {
  const compact = text.trim();
  const fast = fastForm(compact, region);
  if (fast !== null) return fast;
  const key = `${region}\n${compact}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const answer = byLibrary(compact, region);
  if (memo.size >= MEMO_SIZE) memo.clear();
  memo.set(key, answer);
  return answer;
}

/**
 * The texts by which a side that compares letter by letter may hold this number: as people of the region write it, then
 * in full. For what is no valid number of the region, the text itself.
 */
export function phoneForms(normalized: string, region: string): string[] {
  const country = isSupportedCountry(region) ? (region as CountryCode) : undefined;
  const parsed = parsePhoneNumberFromString(normalized, country);
  if (country === undefined || !parsed?.isValid() || parsed.ext || parsed.country !== country)
    return [normalized];
  return [...new Set([parsed.formatNational().replace(/\D/g, ''), normalized])];
}

const MEMO_SIZE = 20_000;
const memo = new Map<string, string>();

/** Chinese mobiles, which are nearly all there is. 10…, 11…, 12… and 179… are left to the library: it may read a carrier prefix there. */
const CHINESE_MOBILE = /^1(?:[345689]\d|7[0-8])\d{8}$/;

function fastForm(text: string, region: string): string | null {
  if (!/^\+?\d[\d -]*\d$/.test(text)) return null;
  const digits = text.replace(/[ -]/g, '');
  if (digits.startsWith('+86')) return CHINESE_MOBILE.test(digits.slice(3)) ? digits : null;
  return region === 'CN' && CHINESE_MOBILE.test(digits) ? `+86${digits}` : null;
}

function byLibrary(text: string, region: string): string {
  const e164 = validNumber(text, region);
  if (e164 !== null) return e164;
  const plain = digitsOnly(text);
  if (plain === null) return text.normalize('NFC').trim();
  return plain === text ? plain : (validNumber(plain, region) ?? plain);
}

function validNumber(text: string, region: string): string | null {
  const country = isSupportedCountry(region) ? (region as CountryCode) : undefined;
  const parsed = parsePhoneNumberFromString(text, country);
  if (!parsed?.isValid()) return null;
  // A number that would be read differently a second time cannot be compared by what it was read as.
  if (parsePhoneNumberFromString(parsed.number)?.number !== parsed.number) return null;
  return parsed.ext ? `${parsed.number};ext=${parsed.ext}` : parsed.number;
}

function digitsOnly(text: string): string | null {
  const folded = text.normalize('NFKC');
  const digits = folded.replace(/\D/g, '');
  if (digits === '') return null;
  return /^\D*\+/.test(folded) ? `+${digits}` : digits;
}
