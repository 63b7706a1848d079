import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { conflictsHtml } from '../../../src/report/conflict-html.ts';
import { escapeHtml, Html, html } from '../../../src/report/html.ts';
import { conflictDocumentOf } from './rows.ts';

const OPTIONS = { locale: 'en', timezone: 'Asia/Shanghai', at: new Date('2025-01-02T03:04:05Z') } as const;
const EVIL = `"><script>alert(1)</script><img src=x onerror='x'>&amp;`;

describe('the page of conflicts', () => {
  it('shows what a customer is called and never runs it', () => {
    const page = conflictsHtml(
      [
        conflictDocumentOf({
          field: EVIL,
          udesk: EVIL,
          crm: EVIL,
          udeskId: EVIL,
          base: { udesk: EVIL, crm: EVIL, accepted: false },
        }),
      ],
      OPTIONS,
    );
    expect(page).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toMatch(/<script|<img|onerror='/);
    expect(page.match(/&amp;amp;/g)).toHaveLength(5);
  });

  it('may load, send and run nothing; its own style is allowed by digest', () => {
    const page = conflictsHtml([], OPTIONS);
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/
      .exec(page)?.[1]
      ?.replaceAll('&#39;', "'");
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page).not.toMatch(/src=|href=|url\(|@import| style="/);
  });

  it('speaks the language of the configuration, and tells times in its time zone', () => {
    const page = conflictsHtml([conflictDocumentOf()], { ...OPTIONS, locale: 'zh-CN' });
    expect(page).toContain('<html lang="zh-CN">');
    expect(page).toContain('冲突');
    expect(page).toContain('2025年1月2日 11:04:05');
  });

  it('P12: names who edited each side and when; of a whole record only who changed it last', () => {
    const ann = { name: 'Ann', at: '2025-01-01T00:00:00.000Z', knownBy: 'history' } as const;
    const row = conflictDocumentOf({ crmAuthor: { name: EVIL, at: null, knownBy: 'record' } }, ann);
    const page = conflictsHtml([row], OPTIONS);
    expect(page).toContain('<td>Ann, Jan 1, 2025, 8:00:00 AM</td>');
    expect(page).toContain('<td>record last changed by &quot;&gt;&lt;script&gt;');
    expect(conflictsHtml([row], { ...OPTIONS, locale: 'zh-CN' })).toContain('<td>记录最后由 ');
  });

  it('tells deleted from empty', () => {
    const gone = conflictDocumentOf({
      field: '*',
      kind: 'edit/delete',
      udesk: null,
      crm: [{ id: 'nick_name', value: 'C' }],
    });
    expect(conflictsHtml([gone], OPTIONS)).toContain('(deleted)');
    expect(conflictsHtml([gone], OPTIONS)).toContain('nick_name: C');
    expect(conflictsHtml([conflictDocumentOf({ udesk: null })], OPTIONS)).toContain('(nothing)');
  });
});

describe('html', () => {
  it('escapes every part that is not HTML of ours, in lists too', () => {
    expect(html`<p title="${'"'}">${['<', new Html('<b>'), 1]}</p>`.text).toBe(
      '<p title="&quot;">&lt;<b>1</p>',
    );
  });

  it('replaces what HTML cannot hold', () => {
    expect(escapeHtml('a\u0000b\u001bc\ud800d\ne')).toBe('a\ufffdb\ufffdc\ufffdd\ne');
  });
});
