import { describe, expect, test } from 'vitest';
import { evaluateGuards } from '../../../src/core/guard.ts';
import { describeOverwritten } from '../../../src/core/reconcile-overwritten.ts';
import { reasonInChinese } from '../../../src/report/reasons-zh.ts';
import { filesBelow, GAP, reasonLiterals } from '../../support/reason-literals.ts';

/** Sentences that are no reason of a conflict, a write, an undo, a link, a held plan or an incomplete list. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'src/core/decision-chain.ts': 'what `verify-log` finds',
  'src/core/review-rule.ts': 'the subject of a line of the log of decisions',
  'src/core/storable.ts': 'a line of the log',
  'src/core/unsafe-combinations.ts': 'what `check` finds',
  'src/engine/forget.ts': 'the subject of a line of the log of decisions',
  'src/store/embedded/run-server.ts': 'why the embedded Postgres did not start',
  'src/store/link-decisions.ts': 'the subject of a line of the log of decisions',
};
const NOT_REASONS = [
  'the CRM',
  'yyyy-MM-dd HH:mm:ss',
  // What `check` says of the configuration.
  'must be date, datetime, iso, unix, unix-ms, or a pattern with yyyy, MM and dd, such as dd/MM/yyyy HH:mm',
  'is a pattern that cannot be read back',
  'crm.find.…: is missing, and the pair maps "…". Give the API\'s search by it, or `…: scan` to read the whole list each time',
  'a CRM in memory: it is gone when the process ends',
  // SQL and SOQL.
  `to_char(… at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as …`,
  '(SystemModstamp > … OR (SystemModstamp = … AND Id > …))',
  'SystemModstamp, Id',
  '^deleted on ',
];

const FILES = [
  ...filesBelow('src/core'),
  ...filesBelow('src/engine'),
  ...filesBelow('src/store', /\breason = |\berror = |\breason:/),
  ...filesBelow('src/udesk', /\bcertified\b/),
  ...filesBelow('src/crm', /\bcertified\b/),
].filter((path) => !Object.hasOwn(ELSEWHERE, path));

const literals = FILES.flatMap(reasonLiterals).filter(({ text }) => !NOT_REASONS.includes(text));

/** What may stand in a gap: nothing, a number, a side or a field, a word of the configuration, a part of a sentence. */
const FILLINGS = [
  '',
  '5',
  'udesk',
  'base',
  'ignore',
  "is not in the field's map",
  'it was merged into',
  'the newer edit',
];

/** Every way to fill the gaps. */
function filled(text: string): string[] {
  const at = text.indexOf(GAP);
  if (at < 0) return [text];
  return filled(text.slice(at + GAP.length)).flatMap((rest) =>
    FILLINGS.map((filling) => `${text.slice(0, at)}${filling}${rest}`),
  );
}

describe('the reasons of the engine in Chinese', () => {
  test('are collected from its source', () => {
    expect(literals.length).toBeGreaterThan(100);
    const texts = literals.map(({ text }) => text);
    expect(texts).toContain('the mapping of the field has changed');
    expect(texts).toContain('closed because the field is not mapped any more');
    expect(texts).toContain('the enumeration did not come to its end');
    expect(texts.some((text) => text.startsWith('what we wrote was changed away again'))).toBe(true);
  });

  test('are complete: a reason without Chinese is none that may be given', () => {
    const unknown = literals.filter(
      ({ text }) => !filled(text).some((reason) => /\p{Script=Han}/u.test(reasonInChinese(reason) ?? '')),
    );
    expect(unknown).toEqual([]);
  });

  test('a reason made of parts is translated part by part, and what people typed stays as it is', () => {
    const lost = {
      side: 'crm',
      author: { id: '7', name: 'ann crm' },
      at: '2026-03-01T00:00:00.000Z',
      text: null,
      value: 'the crm; merged and "both"',
    } as const;
    expect(reasonInChinese(`${describeOverwritten(lost)}; restored: the newer edit`)).toBe(
      'ann crm 在 CRM 中修改了它（时间：2026-03-01T00:00:00.000Z），随即被我们的写入覆盖；该修改是："the crm; merged and "both""；已恢复：较新的修改',
    );
    expect(reasonInChinese(describeOverwritten({ ...lost, author: null, at: null, value: null }))).toBe(
      '有人 在 CRM 中修改了它（时间：不详），随即被我们的写入覆盖；该修改是：（清空）',
    );
    expect(
      reasonInChinese(
        'one customer fits several CRM records; closed because the field is not mapped any more',
      ),
    ).toBe('一位客户对应多条 CRM 记录；该字段已不再映射，因此关闭');
    expect(
      reasonInChinese('gone on udesk; it was merged into 5, 6, which cannot take its place without a person'),
    ).toBe('在 Udesk 中已不存在；它已并入 5, 6，须由人决定能否由其取代');
    expect(
      reasonInChinese(
        'The plan deletes 5 records, 1 were deleted in the last day, and at most 5 % of 40 links may go.',
      ),
    ).toBe('计划删除 5 条记录，过去一天已删除 1 条，上限为 40 个关联的 5 %');
    const one = {
      creates: { udesk: 1, crm: 1 },
      updates: 1,
      deletes: 1,
    };
    const { tripped } = evaluateGuards(
      { deletes: { max: 0, share: 0 }, updates: { share: 0 }, creates: { perHour: 0 } },
      one,
      {
        ...{ confirmedLinks: 21, createsLastHour: 1, updatesLastHour: 1, deletesLastDay: 1 },
        ...{ firstRunAccepted: false, emptySide: 'crm', fingerprintChanged: 'udesk' },
        ...{ clockSkewMs: 301_000, restored: true },
      },
    );
    expect(tripped.map(({ message }) => reasonInChinese(message))).not.toContain(null);
    expect(tripped).toHaveLength(7);
    expect(reasonInChinese('the value that the CRM holds in owner names nobody that Udesk knows')).toBe(
      'CRM 中 owner 的值所指的名称在 Udesk 中不存在',
    );
  });

  test('a reason of which one part is not known stays as it is', () => {
    expect(reasonInChinese('the value that the CRM holds in owner is quite unheard of')).toBeNull();
    expect(reasonInChinese('the newer edit; and something unheard of')).toBeNull();
  });
});
