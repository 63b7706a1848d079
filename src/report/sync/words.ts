/** What the report says, in both languages. Names that stand in the configuration (fields, policies) stay as they are. */
import type { SideName } from '../../core/record.ts';
import { type ConflictWords, conflictsEn, conflictsZhCn } from './words/conflicts.ts';
import { type FlowWords, flowEn, flowZhCn } from './words/flow.ts';

export type Locale = 'zh-CN' | 'en';

export interface Words extends ConflictWords, FlowWords {
  readonly title: string;
  readonly period: string;
  readonly pairs: string;
  readonly made: string;
  readonly nothing: string;
  readonly empty: string;
  readonly deleted: string;
  readonly wholeRecord: string;
  readonly notMapped: string;
  readonly asTable: string;
  readonly total: string;
  readonly sides: Readonly<Record<SideName, string>>;
  readonly cards: {
    readonly open: string;
    readonly oldest: (age: string) => string;
    readonly noneOpen: string;
    readonly resolving: (n: string) => string;
    readonly opened: string;
    readonly closed: string;
    readonly medianOpen: (time: string) => string;
    readonly lag: string;
    readonly lagMedian: (time: string) => string;
    readonly lagNone: string;
    readonly cycles: string;
    readonly ofCycles: (n: string) => string;
    readonly parked: string;
    readonly parkedHint: string;
  };
  readonly footer: string;
}

const en: Words = {
  title: 'Conflict and sync report',
  period: 'Period',
  pairs: 'Pairs',
  made: 'Made',
  nothing: 'Nothing in this period.',
  empty: '(empty)',
  deleted: '(deleted)',
  wholeRecord: 'whole record',
  notMapped: 'not mapped any more',
  asTable: 'As a table',
  total: 'Total',
  sides: { udesk: 'Udesk', crm: 'CRM' },
  cards: {
    open: 'Open conflicts',
    oldest: (age) => `the oldest for ${age}`,
    noneOpen: 'nothing waits for a decision',
    resolving: (n) => `${n} decided, on the way`,
    opened: 'Opened',
    closed: 'Closed',
    medianOpen: (time) => `half within ${time}`,
    lag: 'Slow edits (p95)',
    lagMedian: (time) => `half arrive within ${time}`,
    lagNone: 'no edit was carried over',
    cycles: 'Failed cycles',
    ofCycles: (n) => `of ${n}`,
    parked: 'Parked records',
    parkedHint: 'refused by a side, wait for a person',
  },
  footer: 'Values are those of the moment of each conflict. This file loads nothing and runs nothing.',
  ...conflictsEn,
  ...flowEn,
};

const zh: Words = {
  title: '冲突与同步报告',
  period: '时段',
  pairs: '配对',
  made: '生成时间',
  nothing: '本时段没有记录。',
  empty: '（空）',
  deleted: '（已删除）',
  wholeRecord: '整条记录',
  notMapped: '已不在映射中',
  asTable: '查看数据表',
  total: '合计',
  sides: { udesk: 'Udesk', crm: 'CRM' },
  cards: {
    open: '待处理冲突',
    oldest: (age) => `最久已等待 ${age}`,
    noneOpen: '没有需要决定的事项',
    resolving: (n) => `其中 ${n} 条已决定，正在写入`,
    opened: '新增冲突',
    closed: '已关闭冲突',
    medianOpen: (time) => `半数在 ${time}内关闭`,
    lag: '较慢的修改（p95）',
    lagMedian: (time) => `半数在 ${time}内到达`,
    lagNone: '没有需要传递的修改',
    cycles: '失败的同步周期',
    ofCycles: (n) => `共 ${n} 个周期`,
    parked: '搁置的记录',
    parkedHint: '被一侧拒绝，等待人工处理',
  },
  footer: '数值为冲突发生时的内容。本文件不加载、不运行任何内容。',
  ...conflictsZhCn,
  ...flowZhCn,
};

export const WORDS: Readonly<Record<Locale, Words>> = { en, 'zh-CN': zh };
