/**
 * Several fields of the CRM as one text, and back into them. The record shows the joined text beside its parts
 * (src/crm/mapped), so the lens only has to say which texts can be taken apart again. Pure.
 */
import { type Image, image, type Lens, noImage, type SplitRule } from './lens.ts';

export interface JoinRule {
  readonly parts: readonly string[];
  readonly separator: string;
  readonly split: SplitRule;
}

/** Blank parts are left out; null when all are. */
export function joined(parts: readonly (string | null)[], { separator }: JoinRule): string | null {
  const filled = parts.filter((part): part is string => part !== null && part.trim() !== '');
  return filled.length === 0 ? null : filled.join(separator);
}

/**
 * The parts of a text; null when it does not say where to cut. What the parts are now helps: parts that already make up
 * the text stay, and a part at either end that the text still has is taken to be the same.
 */
export function splitText(
  text: string | null,
  rule: JoinRule,
  now: readonly (string | null)[] | null,
): readonly (string | null)[] | null {
  const none = rule.parts.map(() => null);
  if (text === null || text.trim() === '') return now !== null && joined(now, rule) === null ? now : none;
  if (now !== null && joined(now, rule) === text) return now;
  const kept = now === null ? null : keepingOne(text, rule, now);
  const parts = kept ?? byRule(text, rule);
  return parts !== null && joined(parts, rule) === text ? parts : null;
}

export function joinLens(rule: JoinRule): Lens {
  const names = rule.parts.join(' and ');
  return {
    toCrm(text, was): Image {
      if (text === null) return image(null);
      if (text === was) return image(text);
      const trimmed = text.trim();
      return splitText(trimmed, rule, null) === null
        ? noImage(`cannot be taken apart into ${names} by the declared rule`)
        : image(trimmed);
    },
    toUdesk: (text) => image(text),
  };
}

/** Of two parts: the one that the text still begins or ends with stays, and the other is the rest. */
function keepingOne(
  text: string,
  { parts, separator }: JoinRule,
  now: readonly (string | null)[],
): readonly (string | null)[] | null {
  const [head, tail] = now;
  if (parts.length !== 2) return null;
  if (head && text.startsWith(head + separator)) return [head, text.slice(head.length + separator.length)];
  if (tail && text.endsWith(separator + tail))
    return [text.slice(0, -(tail.length + separator.length)), tail];
  return null;
}

function byRule(text: string, { parts, separator, split }: JoinRule): readonly (string | null)[] | null {
  const pieces = text.split(separator);
  const surplus = pieces.length - parts.length;
  if (surplus > 0 && split === 'exact') return null;
  if (surplus < 0 && split === 'exact') return null;
  if (surplus <= 0) return [...pieces, ...parts.slice(pieces.length).map(() => null)];
  if (split === 'first') {
    const last = pieces.slice(parts.length - 1).join(separator);
    return [...pieces.slice(0, parts.length - 1), last];
  }
  return [pieces.slice(0, surplus + 1).join(separator), ...pieces.slice(surplus + 1)];
}
