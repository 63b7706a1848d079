/** Lenses of plain text: letter case of addresses, length, and what stands in the place of a blank. Pure. */
import type { SideName } from '../record.ts';
import { type Image, image, type Lens, noImage, type Was } from './lens.ts';

/** Addresses in lower case on the sides that want them so. */
export function emailLens(lower: SideName | 'both'): Lens {
  const carried =
    (to: SideName) =>
    (text: string | null, was: Was): Image => {
      if (text === null) return image(null);
      if (typeof was === 'string' && fold(was) === fold(text)) return image(was);
      return image(lower === to || lower === 'both' ? fold(text) : text);
    };
  return { toCrm: carried('crm'), toUdesk: carried('udesk') };
}

function fold(address: string): string {
  return address.trim().toLowerCase();
}

/**
 * `on` holds at most so many characters. The cut text corresponds to the whole one; an edit of the cut text would take
 * the rest with it, so it is refused for a person to decide.
 */
export function truncateLens(on: SideName, characters: number): Lens {
  const there = on === 'udesk' ? 'Udesk' : 'the CRM';
  const onto = (text: string | null, was: Was): Image =>
    // Longer than declared, and there already: that is not ours to cut.
    image(text === null || text === was ? text : cut(text, characters));
  const back = (text: string | null, was: Was): Image => {
    if (text === null || typeof was !== 'string' || text === was) return image(text);
    const shortened = cut(was, characters);
    if (shortened === text) return image(was);
    if (shortened === was) return image(text);
    return noImage(`is an edit of what ${there} cut to ${characters} characters: the rest would be lost`);
  };
  return on === 'crm' ? { toCrm: onto, toUdesk: back } : { toCrm: back, toUdesk: onto };
}

/** Never through the middle of a character, and without white space that the side would trim. */
function cut(text: string, characters: number): string {
  const letters = [...text];
  return letters.length <= characters ? text : letters.slice(0, characters).join('').trimEnd();
}

/** `on` holds `value` where the other side holds nothing. */
export function defaultLens(on: SideName, value: string): Lens {
  const filled = (text: string | null, was: Was): Image => {
    if (text === null) return image(was === null ? null : value);
    return text.trim() === value.trim()
      ? noImage('is what stands for a blank on the other side')
      : image(text);
  };
  const blanked = (text: string | null): Image =>
    image(text !== null && text.trim() === value.trim() ? null : text);
  return on === 'crm' ? { toCrm: filled, toUdesk: blanked } : { toCrm: blanked, toUdesk: filled };
}
