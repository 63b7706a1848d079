import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { syncReportCsv } from '../../../src/report/sync/csv.ts';
import { syncReport } from '../../../src/report/sync/document.ts';
import { syncReportHtml } from '../../../src/report/sync/html.ts';
import { WORDS } from '../../../src/report/sync/words.ts';
import { conflict, EVIL_FORMULA, EVIL_HTML, fact, reportInput, SINCE, UNTIL } from './sync-fixture.ts';

const REPORT = syncReport(reportInput());
const LOCALES = ['en', 'zh-CN'] as const;

describe('the report as a document', () => {
  const facts = [
    fact({
      id: '1',
      openedAt: '2026-11-10T00:00:00.000Z',
      closedAt: '2026-11-19T01:00:00.000Z',
      decidedBy: 'Ann',
    }),
    fact({ id: '2', openedAt: '2026-11-10T00:00:00.000Z', field: 'level', kind: 'first-link' }),
    // 00:30 on the 20th in Shanghai.
    fact({ id: '3', openedAt: '2026-11-19T16:30:00.000Z' }),
    fact({ id: '4', openedAt: '2026-11-20T00:00:00.000Z', closedAt: '2026-11-20T02:00:00.000Z' }),
    fact({ id: '5', openedAt: '2026-11-25T13:00:00.000Z', field: '*', state: 'resolving' }),
  ];
  const small = syncReport(reportInput({ facts, authors: new Map([['3', 'Tom']]), open: [] })).conflicts;

  it('counts what was opened and closed in the period, and what is open at its end, from before it too', () => {
    expect(small).toMatchObject({ open: 3, resolving: 1, opened: 3, closed: 2 });
    expect(small.medianOpenMs).toBe((217 + 2) * 1_800_000);
    expect(small.oldestOpenMs).toBe(UNTIL.getTime() - Date.parse('2026-11-10T00:00:00Z'));
  });

  it('has a row for every day of the time zone, and the backlog adds up', () => {
    expect(small.daily.map(({ day }) => day.slice(8))).toEqual('18 19 20 21 22 23 24 25'.split(' '));
    expect(small.daily.slice(0, 4)).toEqual([
      { day: '2026-11-18', opened: 0, closed: 0, openAtEnd: 2 },
      { day: '2026-11-19', opened: 0, closed: 1, openAtEnd: 1 },
      { day: '2026-11-20', opened: 2, closed: 1, openAtEnd: 2 },
      { day: '2026-11-21', opened: 0, closed: 0, openAtEnd: 2 },
    ]);
    expect(small.daily.at(-1)).toMatchObject({ opened: 1, openAtEnd: small.open });
  });

  it('groups by field, kind, policy, author and who closed them; each conflict counts once in each', () => {
    expect(small.byField).toEqual([
      { name: 'nick_name', opened: 2, closed: 2, open: 1 },
      { name: '*', opened: 1, closed: 0, open: 1 },
      { name: 'level', opened: 0, closed: 0, open: 1 },
    ]);
    expect(small.byPolicy.map(({ name }) => name)).toEqual(['hold', '*', 'udesk']);
    expect(small.byAuthor).toEqual([{ name: 'Tom', opened: 1, closed: 0, open: 1 }]);
    expect(small.authorUnknown).toMatchObject({ opened: 2, closed: 2, open: 2 });
    expect(small.byCrmAuthor).toEqual([]);
    expect(small.crmAuthorUnknown).toMatchObject({ opened: 3, closed: 2, open: 3 });
    expect(small.closedBy).toEqual([
      { name: 'converged', closed: 1 },
      { name: 'Ann', closed: 1 },
    ]);
    expect(small.byAge.map(({ open }) => open)).toEqual([1, 0, 0, 1, 1]);
  });

  it('of any period says the same in every breakdown', () => {
    const { conflicts } = REPORT;
    const sum = (groups: readonly { open: number; opened: number; closed: number }[]) =>
      (['open', 'opened', 'closed'] as const).map((of) => groups.reduce((all, group) => all + group[of], 0));
    const totals = [conflicts.open, conflicts.opened, conflicts.closed];
    for (const groups of [
      conflicts.byField,
      conflicts.byKind,
      conflicts.byPolicy,
      [...conflicts.byAuthor, conflicts.authorUnknown],
      [...conflicts.byCrmAuthor, conflicts.crmAuthorUnknown],
    ]) {
      expect(sum(groups)).toEqual(totals);
    }
    expect(conflicts.byAge.reduce((all, { open }) => all + open, 0)).toBe(conflicts.open);
    expect(conflicts.closedBy.reduce((all, { closed }) => all + closed, 0)).toBe(conflicts.closed);
    expect(conflicts.daily.at(-1)?.openAtEnd).toBe(conflicts.open);
  });
});

describe('the report as a page', () => {
  it.each(LOCALES)('shows what customers, people and vendors wrote, and never runs it (%s)', (locale) => {
    const evil = `"><img src=x onerror='x'>${EVIL_HTML}`;
    const page = syncReportHtml(
      syncReport(
        reportInput({
          pairs: ['main', evil],
          open: [
            conflict({
              pair: evil,
              udeskId: evil,
              crmId: evil,
              field: evil,
              base: evil,
              udesk: evil,
              crm: [{ id: null, value: evil }],
              authors: {
                udesk: { name: evil, at: '', knownBy: 'history' },
                crm: { name: evil, at: '', knownBy: 'record' },
              },
            }),
          ],
          facts: [
            fact({
              openedAt: SINCE.toISOString(),
              field: evil,
              decidedBy: evil,
              closedAt: UNTIL.toISOString(),
            }),
          ],
          authors: new Map([['1', evil]]),
          parked: [{ pair: evil, side: 'crm', kind: evil, message: evil, records: 1, now: 1 }],
          fields: [{ pair: evil, side: 'crm', field: evil, edits: 1, written: 0 }],
          records: [{ pair: evil, side: 'crm', recordId: evil, edits: 1 }],
          failures: [{ pair: evil, error: evil, times: 1, lastAt: UNTIL.toISOString() }],
        }),
      ),
      locale,
    );
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toMatch(/<script|<img|onerror='/);
  });

  it.each(LOCALES)('may load, send and run nothing; its style is allowed by digest (%s)', (locale) => {
    const page = syncReportHtml(REPORT, locale);
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(page.replaceAll('&#39;', "'")).toContain(`default-src 'none'; style-src 'sha256-${digest}'`);
    expect(page).not.toMatch(/src=|href=|url\(|@import| style="|NaN|undefined|Infinity/);
  });

  it('speaks both languages, and tells times in the time zone of the configuration', () => {
    expect(syncReportHtml(REPORT, 'en')).toContain('Nov 25, 2026, 9:30 PM (Asia/Shanghai)');
    const chinese = syncReportHtml(REPORT, 'zh-CN');
    expect(chinese).toContain('<html lang="zh-CN">');
    expect(chinese).toContain('2026年11月25日 21:30 (Asia/Shanghai)');
    expect(chinese).toContain('两边都修改了');
    const unfinished = syncReportHtml(
      syncReport(
        reportInput({
          coverage: REPORT.coverage.map((row) => ({
            ...row,
            uncertified: 'the enumeration did not come to its end',
          })),
        }),
      ),
      'zh-CN',
    );
    expect(unfinished).toContain('列表没有读取完');
    for (const [page, day] of [
      [chinese, '2026年11月25日'],
      [syncReportHtml(REPORT, 'en'), 'Nov 25, 2026'],
    ] as const) {
      expect(page).toContain(`<time datetime="2026-11-25">${day}</time>`);
      expect(page).not.toMatch(/>\d{4}-\d\d-\d\d</);
    }
  });

  it('says each chart in words, and as a table', () => {
    const page = syncReportHtml(REPORT, 'en');
    const charts = [...page.matchAll(/<svg class="chart"[^>]*aria-labelledby="(\S+) (\S+)"/g)];
    expect(charts).toHaveLength(4);
    for (const [, title, description] of charts) {
      expect(page).toMatch(
        new RegExp(`<title id="${title}">[^<]+</title><desc id="${description}">[^<]+</desc>`),
      );
    }
    expect(page).toContain('<th scope="row" data-label="Day">');
  });

  it('of a period in which nothing happened says so', () => {
    const nothing = { facts: [], open: [], lag: [], lagDays: [], coverage: [], parked: [], parkedNow: 0 };
    const none = { fields: [], records: [], runs: [], failures: [], quota: [], authors: new Map() };
    const page = syncReportHtml(syncReport(reportInput({ ...nothing, ...none })), 'en');
    expect(page).toContain(WORDS.en.openList.none);
    expect(page).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it('cuts the list of open conflicts and says where the others are', () => {
    const many = Array.from({ length: 201 }, (_, n) => conflict({ id: String(1000 + n) }));
    const page = syncReportHtml(syncReport(reportInput({ open: many })), 'en');
    expect(page).toContain('The 200 oldest of 201');
    expect(page).not.toContain('>1200<');
  });
});

describe('the report as CSV', () => {
  const csv = syncReportCsv(REPORT);

  it('opens in Excel: a byte order mark, one width, and no cell that is a formula', () => {
    expect(csv.startsWith('\ufeffsection,pair,side,item,measure,value')).toBe(true);
    expect(csv).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(csv).not.toMatch(/(^|,|")=HYPERLINK/m);
    expect(csv).toContain(EVIL_HTML);
    expect(csv).not.toContain(`,${EVIL_FORMULA}`);
  });

  it('has every open conflict, and the figures of the page', () => {
    expect(csv.match(/^conflicts\.openList,/gm)).toHaveLength(REPORT.conflicts.openList.length);
    expect(csv).toContain(`conflicts,,,,opened,${REPORT.conflicts.opened},`);
    expect(csv).toContain('lag,main,crm,edit,p95Ms,41000,');
    expect(csv).toContain('coverage,main,crm,,uncertified,the last page was refused,');
  });
});
