/** What the demo says, in two languages with one shape. */
import { english } from './words-en.ts';
import { chinese } from './words-zh.ts';

export type Words = typeof english;

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

export function wordsOf(language: Language): Words {
  return language === 'zh' ? chinese : english;
}
