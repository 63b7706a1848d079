import { describe, expect, it } from 'vitest';
import { conflictsCsv } from '../../../src/report/conflict-csv.ts';
import { csvCell, csvLine } from '../../../src/report/csv.ts';
import { conflictDocumentOf } from './rows.ts';

describe('a CSV cell', () => {
  it.each([
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['+86 13800000001', "'+86 13800000001"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', `"'\t=1"`],
    ['\r=1', `"'\r=1"`],
    ['＝1', "'＝1"],
  ])('that begins like a formula is a text: %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it.each([
    ['plain 张三', 'plain 张三'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    [' edges ', '" edges "'],
    ['a=b', 'a=b'],
    ['', ''],
  ])('keeps %j as it is', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it('ends its line with CRLF', () => {
    expect(csvLine(['a', 'b'])).toBe('a,b\r\n');
  });
});

describe('conflicts as CSV', () => {
  it('say that they are UTF-8, name their columns as the JSON does, and hold sets as lists', () => {
    const text = conflictsCsv([
      conflictDocumentOf({
        field: 'emails',
        udesk: [
          { id: '1', value: 'a@x.com' },
          { id: null, value: 'b@x.com' },
        ],
        crm: { absent: true },
        base: null,
      }),
    ]);
    const [head, row] = text.split('\r\n');
    expect(head).toBe(
      '\ufeffid,pair,kind,field,state,udeskId,crmId,base,udesk,crm,udeskAt,crmAt,openedAt,closedAt,resolvedBy,reason,udeskAuthor,udeskAuthorAt,udeskAuthorKnownBy,crmAuthor,crmAuthorAt,crmAuthorKnownBy',
    );
    expect(row).toBe(
      '7,main,edit/edit,emails,open,100,5,,"a@x.com; b@x.com",,,,2025-01-02T03:04:05.678Z,,,both edited,,,,,,',
    );
  });

  it('P12: names who edited each side, when, and how surely that is known', () => {
    const ann = { name: 'Ann', at: '2025-01-01T00:00:00.000Z', knownBy: 'history' } as const;
    const bob = { name: '=Bob', at: null, knownBy: 'record' } as const;
    const [, row] = conflictsCsv([conflictDocumentOf({ crmAuthor: bob }, ann)]).split('\r\n');
    expect(row).toMatch(/,both edited,Ann,2025-01-01T00:00:00\.000Z,history,'=Bob,,record$/);
  });
});
