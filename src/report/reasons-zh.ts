/**
 * The reasons that the engine gives in English, in Chinese. What is not known here is shown as it is;
 * test/unit/report/reasons.test.ts sees to it that every reason of the engine is known.
 */
import { CONFLICTS } from './reasons-zh/conflicts.ts';
import { SIDES_READ } from './reasons-zh/sides.ts';
import { WRITES } from './reasons-zh/writes.ts';

/**
 * `{1}` is what the first group matched, with the sides named; `{1:reason}` is a reason in itself, `{1:raw}` stays as it
 * is, and so do a name (`who`), a time and what was lost, but for the words that stand where none is known.
 */
export type ReasonTable = readonly (readonly [pattern: RegExp, zh: string])[];

/** For a report or a page in this language: what others said, and what is not known here, stays as it is. */
export function reasonIn(locale: 'zh-CN' | 'en', reason: string): string {
  return (locale === 'zh-CN' ? reasonInChinese(reason) : null) ?? reason;
}

export function reasonInChinese(reason: string): string | null {
  return joined(reason) ?? single(reason);
}

/** Two that were put together: `a reason; and what came of it`. */
function joined(reason: string): string | null {
  for (let at = reason.lastIndexOf('; '); at > 0; at = reason.lastIndexOf('; ', at - 1)) {
    const tail = single(reason.slice(at + 2));
    const head = tail === null ? null : reasonInChinese(reason.slice(0, at));
    if (head !== null) return `${head}；${tail}`;
  }
  return null;
}

function single(reason: string): string | null {
  for (const table of [CONFLICTS, WRITES, SIDES_READ]) {
    for (const [pattern, zh] of table) {
      const match = pattern.exec(reason);
      if (match === null) continue;
      const parts = match.slice(1);
      const inner = [...zh.matchAll(/\{(\d):reason\}/g)].map(([, n]) => parts[Number(n) - 1] ?? '');
      if (inner.some((part) => reasonInChinese(part) === null)) continue;
      return zh.replace(/\{(\d)(?::(\w+))?\}/g, (_, n: string, as?: string) =>
        inWords(parts[Number(n) - 1], as),
      );
    }
  }
  return null;
}

function inWords(text: string | undefined, as: string | undefined): string {
  switch (as) {
    case 'reason':
      return reasonInChinese(text ?? '') ?? '';
    case 'raw':
      return text ?? '';
    case 'who':
      return text === 'somebody' ? '有人' : (text ?? '');
    case 'time':
      return text ?? '不详';
    case 'lost':
      return lostInWords(text ?? '');
    default:
      return sideName(text ?? '');
  }
}

/** What somebody typed stays as it is. */
function lostInWords(text: string): string {
  if (text === '(emptied)') return '（清空）';
  return text === 'no message' || text === 'something that the history does not tell'
    ? (single(text) ?? text)
    : text;
}

function sideName(text: string): string {
  return text
    .replace(/\budesk\b/g, 'Udesk')
    .replace(/\bcrm\b/g, 'CRM')
    .replace(' and ', ' 和 ')
    .replace('the CRM', 'CRM')
    .replace(/^(.+ %) of (\d+)( links?)?$/, '$2 个关联的 $1');
}
