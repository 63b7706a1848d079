import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UDESK_FIELDS } from '../../../src/config/schema.ts';
import { CONFLICT_KINDS } from '../../../src/core/link.ts';
import { en } from '../../../src/web/i18n/en.ts';
import { formats, translator } from '../../../src/web/i18n/words.ts';
import { zhCn } from '../../../src/web/i18n/zh-cn.ts';

const WEB = join(import.meta.dirname, '../../../src/web');

/** All of src/web but the dictionaries. */
function sources(): string {
  return readdirSync(WEB, { recursive: true, withFileTypes: true })
    .filter(
      (file) => file.isFile() && file.name.endsWith('.ts') && !['en.ts', 'zh-cn.ts'].includes(file.name),
    )
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
    .join('\n');
}

/** A word that goes by a number shows no number. */
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('the dictionaries', () => {
  test('have the same keys, and each text the same placeholders', () => {
    expect(Object.keys(zhCn)).toEqual(Object.keys(en));
    for (const [key, text] of Object.entries(en)) {
      const other = zhCn[key as keyof typeof en];
      expect({ key, in: [...new Set(placeholders(other))] }).toEqual({
        key,
        in: [...new Set(placeholders(text))],
      });
      expect(other.trim()).not.toBe('');
    }
  });

  test('hold no text that no page uses', () => {
    const text = sources();
    // `error.${code}.title` uses all that it fits.
    const patterns = [...text.matchAll(/`([a-z-]+(?:\.[a-z-]+)*\.\$\{[^`]*)`/g)].map(
      (match) =>
        new RegExp(`^${(match[1] ?? '').replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[^.]+')}$`),
    );
    const unused = Object.keys(en).filter(
      (key) => !text.includes(`'${key}'`) && !patterns.some((pattern) => pattern.test(key)),
    );
    expect(unused).toEqual([]);
  });

  test('name every kind of conflict and every field of a customer', () => {
    const named = (key: string) => Object.hasOwn(en, key);
    expect(CONFLICT_KINDS.filter((kind) => !named(`kind.${kind}`))).toEqual([]);
    expect(UDESK_FIELDS.filter((field) => !named(`field.${field}`))).toEqual([]);
  });

  test('are complete in Chinese: no text stands there in English', () => {
    const untranslated = Object.entries(zhCn).filter(
      ([, text]) =>
        !/\p{Script=Han}/u.test(text) &&
        /[a-z]{4}/.test(text.replaceAll(/\{\w+\}|Udesk|CRM|udesk-sync/g, '')),
    );
    expect(untranslated).toEqual([]);
  });
});

describe('translating and formatting', () => {
  test('a parameter is put in, and text that looks like one stays text', () => {
    expect(translator('en')('signin.wait', { minutes: 3 })).toBe(
      'Too many tries. Wait 3 min, then try again.',
    );
    expect(translator('en')('error.role.detail', { role: '{needed}', needed: 'x' })).toContain(
      'is {needed};',
    );
  });

  test('one is told of in the singular, and a number that ends with it is not one', () => {
    const left = (n: string) => translator('en')('bulk.late', { n });
    expect(left('1')).toBe('1 was left alone: somebody was faster, or its values changed meanwhile.');
    expect(left('21')).toContain('21 were left alone: somebody was faster, or their values');
    // No text can need a number that it is not given.
    const words = Object.entries(en).flatMap(([key, text]) =>
      [...text.matchAll(/\{(\w+)\|/g)].filter(([, name]) => !text.includes(`{${name}}`)).map(() => key),
    );
    expect(words).toEqual([]);
  });

  test('times are told in the configured zone, numbers in the manner of the language', () => {
    const iso = '2026-11-25T21:43:00.000Z';
    expect(formats('en', 'Asia/Shanghai').time(iso)).toContain('26');
    expect(formats('zh-CN', 'Asia/Shanghai').time(iso)).toContain('2026年11月26日');
    expect(formats('zh-CN', 'UTC').time(iso)).toContain('2026年11月25日');
    expect(formats('en', 'UTC').number(12_345)).toBe('12,345');
    const now = new Date('2026-11-25T23:50:00.000Z');
    expect(formats('en', 'UTC').ago(iso, now)).toBe('2 hours ago');
    expect(formats('zh-CN', 'UTC').ago(iso, now)).toBe('2小时前');
  });
});
