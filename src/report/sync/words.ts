/** What the report says, in both languages. Names that stand in the configuration (fields, policies) stay as they are. */
import type { ConflictKind } from '../../core/link.ts';
import type { SideName } from '../../core/record.ts';
import type { LagRow } from '../../store/report-traffic.ts';
import type { Age } from './document.ts';

export type Locale = 'zh-CN' | 'en';

export interface Words {
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
  readonly daily: {
    readonly title: string;
    readonly hint: string;
    readonly opened: string;
    readonly closed: string;
    readonly openAtEnd: string;
    readonly day: string;
    readonly summary: (opened: string, closed: string, open: string) => string;
  };
  readonly groups: {
    readonly title: string;
    readonly hint: string;
    readonly field: string;
    readonly kind: string;
    readonly policy: string;
    readonly author: string;
    readonly crmAuthor: string;
    readonly authorUnknown: string;
    readonly age: string;
    readonly closedBy: string;
    readonly opened: string;
    readonly closed: string;
    readonly open: string;
    readonly others: (n: string) => string;
  };
  readonly kinds: Readonly<Record<ConflictKind, string>>;
  readonly ages: Readonly<Record<Age, string>>;
  /** A rule of the review, and the person on whose behalf it decides. */
  readonly rule: (id: string, who: string) => string;
  readonly closers: Readonly<
    Record<'policy' | 'link ended' | 'mapping changed' | 'converged' | 'person', string>
  >;
  readonly openList: {
    readonly title: string;
    readonly none: string;
    readonly more: (shown: string, all: string) => string;
    readonly id: string;
    readonly pair: string;
    readonly customer: string;
    readonly field: string;
    readonly kind: string;
    readonly base: string;
    readonly udesk: string;
    readonly crm: string;
    readonly age: string;
    readonly by: (name: string) => string;
    /** Of the record, not of the field. */
    readonly lastBy: (name: string) => string;
    readonly decided: string;
    readonly udeskId: string;
    readonly crmId: string;
  };
  readonly lag: {
    readonly title: string;
    readonly hint: string;
    readonly chart: string;
    readonly chartSummary: (p50: string, p95: string) => string;
    readonly to: string;
    readonly cause: string;
    readonly causes: Readonly<Record<NonNullable<LagRow['cause']> | 'unknown', string>>;
    readonly writes: string;
    readonly p50: string;
    readonly p95: string;
    readonly max: string;
  };
  readonly coverage: {
    readonly title: string;
    readonly hint: string;
    readonly side: string;
    readonly live: string;
    readonly linked: string;
    readonly total: string;
    readonly certified: string;
    readonly never: string;
    readonly ago: (age: string) => string;
    readonly complete: string;
    readonly incomplete: string;
    readonly state: string;
  };
  readonly parked: {
    readonly title: string;
    readonly hint: string;
    readonly kind: string;
    readonly reason: string;
    readonly records: string;
    readonly now: string;
  };
  readonly changes: {
    readonly title: string;
    readonly fields: string;
    readonly records: string;
    readonly field: string;
    readonly record: string;
    readonly edits: string;
    readonly written: string;
    readonly hint: string;
  };
  readonly runs: {
    readonly title: string;
    readonly cycles: string;
    readonly done: string;
    readonly waiting: string;
    readonly failed: string;
    readonly abandoned: string;
    readonly unfinished: string;
    readonly otherwise: string;
    readonly duration: string;
    readonly writes: string;
    readonly failures: string;
    readonly reason: string;
    readonly times: string;
    readonly last: string;
    readonly noFailures: string;
    readonly noReason: string;
  };
  readonly quota: {
    readonly title: string;
    readonly hint: string;
    readonly used: (used: string, limit: string) => string;
    readonly busiest: string;
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
  daily: {
    title: 'Conflicts per day',
    hint: 'Columns: opened and closed on that day. Line: open at its end.',
    opened: 'Opened',
    closed: 'Closed',
    openAtEnd: 'Open at the end',
    day: 'Day',
    summary: (opened, closed, open) =>
      `${opened} opened and ${closed} closed in the period; ${open} are open at its end.`,
  },
  groups: {
    title: 'Where they come from',
    hint: 'The bar shows how many are open; the figures behind it count the period.',
    field: 'By field',
    kind: 'By kind',
    policy: 'By policy of the field',
    author: 'By who edited in Udesk',
    crmAuthor: 'By who edited in the CRM, or changed the record last',
    authorUnknown: 'not known',
    age: 'Open, by age',
    closedBy: 'Closed by',
    opened: 'opened',
    closed: 'closed',
    open: 'open',
    others: (n) => `${n} more`,
  },
  kinds: {
    'edit/edit': 'both edited',
    'edit/delete': 'edited and deleted',
    'first-link': 'differed when linked',
    'diverged-base': 'differs without an edit',
    'blocked-by-direction': 'edited against the direction',
    element: 'one entry edited twice',
    capacity: 'no room on the other side',
    identity: 'belongs to somebody else',
    unmappable: 'no counterpart',
    'overwritten-in-window': 'overwritten while writing',
    reverted: 'undone on one side',
    'edited-since': 'edited, so not undone',
    'tug-of-war': 'fought over by two automations',
    restored: 'differs after a restore',
  },
  ages: {
    hour: 'up to 1 hour',
    day: 'up to 1 day',
    'three-days': 'up to 3 days',
    week: 'up to 1 week',
    older: 'longer',
  },
  rule: (id, who) => `rule ${id}, turned on by ${who}`,
  closers: {
    policy: 'the policy',
    'link ended': 'the end of the link',
    'mapping changed': 'a new mapping',
    converged: 'both sides agreed again',
    person: 'a person',
  },
  openList: {
    title: 'Open conflicts',
    none: 'No conflict is open. Nothing waits for a decision.',
    more: (shown, all) =>
      `The ${shown} oldest of ${all}. All of them: udesk-sync conflicts export --format csv`,
    id: 'No.',
    pair: 'Pair',
    customer: 'Customer',
    field: 'Field',
    kind: 'Kind',
    base: 'Agreed before',
    udesk: 'Udesk',
    crm: 'CRM',
    age: 'Open for',
    by: (name) => `by ${name}`,
    lastBy: (name) => `record last changed by ${name}`,
    decided: 'decided, on the way',
    udeskId: 'Udesk',
    crmId: 'CRM',
  },
  lag: {
    title: 'How long changes take',
    hint: 'From when an edit was seen until the other side held it. The wait until it is seen comes on top: at most the interval between two looks.',
    chart: 'Edits per day: median and 95th percentile',
    chartSummary: (p50, p95) => `Medians of the days reach up to ${p50}, the 95th percentiles up to ${p95}.`,
    to: 'To',
    cause: 'Measured from',
    causes: {
      edit: 'an edit',
      'first sight': 'the first sight of a record',
      decision: 'a decision of a person',
      unknown: 'not known',
    },
    writes: 'Writes',
    p50: 'Median',
    p95: 'p95',
    max: 'Longest',
  },
  coverage: {
    title: 'Coverage and freshness',
    hint: 'How much of each side is in the mirror, and when it was last read completely, with proof.',
    side: 'Side',
    live: 'Records',
    linked: 'Linked',
    total: 'The side says',
    certified: 'Read in full',
    never: 'never',
    ago: (age) => `${age} ago`,
    complete: 'complete',
    incomplete: 'not complete',
    state: 'Last full reading',
  },
  parked: {
    title: 'Parked records',
    hint: 'Set aside for a person, with the words of the side that refused them. To try again: udesk-sync parked retry',
    kind: 'Kind',
    reason: 'Reason',
    records: 'In the period',
    now: 'Still parked',
  },
  changes: {
    title: 'What changed most',
    hint: 'Edits of people and other programs; what udesk-sync wrote itself is counted apart.',
    fields: 'Fields',
    records: 'Records',
    field: 'Field',
    record: 'Record',
    edits: 'Edits',
    written: 'Written by udesk-sync',
  },
  runs: {
    title: 'Cycles and failures',
    cycles: 'Cycles',
    done: 'done',
    waiting: 'wait for approval',
    failed: 'failed',
    abandoned: 'stopped',
    unfinished: 'cut off or running',
    otherwise: 'otherwise',
    duration: 'Duration (median · p95 · longest)',
    writes: 'Writes to Udesk · CRM',
    failures: 'Why cycles failed',
    reason: 'Reason',
    times: 'Times',
    last: 'Last',
    noFailures: 'No cycle failed.',
    noReason: 'no reason was kept',
  },
  quota: {
    title: 'Quota of Udesk',
    hint: 'In the last minute before this report. The metrics endpoint shows it over time.',
    used: (used, limit) => `${used} of ${limit} calls`,
    busiest: 'busiest endpoint',
  },
  footer: 'Values are those of the moment of each conflict. This file loads nothing and runs nothing.',
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
  daily: {
    title: '每日冲突',
    hint: '柱：当日新增与关闭；线：当日结束时仍未关闭的数量。',
    opened: '新增',
    closed: '关闭',
    openAtEnd: '日终未关闭',
    day: '日期',
    summary: (opened, closed, open) => `本时段新增 ${opened} 条，关闭 ${closed} 条；期末未关闭 ${open} 条。`,
  },
  groups: {
    title: '冲突来源',
    hint: '横条表示未关闭的数量；其后的数字按本时段统计。',
    field: '按字段',
    kind: '按类型',
    policy: '按字段策略',
    author: '按 Udesk 中的修改人',
    crmAuthor: '按 CRM 中的修改人（或该记录的最后修改人）',
    authorUnknown: '未知',
    age: '未关闭，按等待时长',
    closedBy: '关闭方式',
    opened: '新增',
    closed: '关闭',
    open: '未关闭',
    others: (n) => `另有 ${n} 项`,
  },
  kinds: {
    'edit/edit': '两边都修改了',
    'edit/delete': '一边修改，一边删除',
    'first-link': '首次关联时不同',
    'diverged-base': '无人修改却不一致',
    'blocked-by-direction': '在不允许的方向上修改',
    element: '同一条目被改成不同的值',
    capacity: '另一侧放不下',
    identity: '该值属于另一条记录',
    unmappable: '没有对应的值',
    'overwritten-in-window': '写入时被覆盖',
    reverted: '一边已撤销',
    'edited-since': '之后被修改，未撤销',
    'tug-of-war': '两个自动流程争夺',
    restored: '恢复备份后不一致',
  },
  ages: {
    hour: '1 小时以内',
    day: '1 天以内',
    'three-days': '3 天以内',
    week: '1 周以内',
    older: '更久',
  },
  rule: (id, who) => `规则 ${id}（由 ${who} 启用）`,
  closers: {
    policy: '策略',
    'link ended': '关联结束',
    'mapping changed': '映射变更',
    converged: '两侧自行一致',
    person: '人工',
  },
  openList: {
    title: '待处理的冲突',
    none: '没有未关闭的冲突，无需任何决定。',
    more: (shown, all) =>
      `仅列出最早的 ${shown} 条，共 ${all} 条。全部导出：udesk-sync conflicts export --format csv`,
    id: '编号',
    pair: '配对',
    customer: '客户',
    field: '字段',
    kind: '类型',
    base: '上次一致的值',
    udesk: 'Udesk',
    crm: 'CRM',
    age: '已等待',
    by: (name) => `修改人：${name}`,
    lastBy: (name) => `该记录最后修改人：${name}`,
    decided: '已决定，正在写入',
    udeskId: 'Udesk',
    crmId: 'CRM',
  },
  lag: {
    title: '修改多久到达另一侧',
    hint: '从发现修改到另一侧已保存为止。修改被发现之前的等待不计在内，最长为两次读取之间的间隔。',
    chart: '每日修改：中位数与 95 百分位',
    chartSummary: (p50, p95) => `每日中位数最高 ${p50}，95 百分位最高 ${p95}。`,
    to: '写入',
    cause: '起点',
    causes: { edit: '修改', 'first sight': '首次看到记录', decision: '人工决定', unknown: '未知' },
    writes: '写入次数',
    p50: '中位数',
    p95: 'p95',
    max: '最长',
  },
  coverage: {
    title: '覆盖与新鲜度',
    hint: '每一侧有多少记录在镜像中，以及最近一次经证实的完整读取。',
    side: '系统',
    live: '记录数',
    linked: '已关联',
    total: '该侧声明的总数',
    certified: '完整读取',
    never: '从未',
    ago: (age) => `${age}前`,
    complete: '完整',
    incomplete: '不完整',
    state: '最近一次完整读取',
  },
  parked: {
    title: '搁置的记录',
    hint: '留待人工处理，附拒绝方的原话。重试：udesk-sync parked retry',
    kind: '类型',
    reason: '原因',
    records: '本时段',
    now: '仍搁置',
  },
  changes: {
    title: '变化最多的内容',
    hint: '人员或其他程序的修改；udesk-sync 自己的写入单独计数。',
    fields: '字段',
    records: '记录',
    field: '字段',
    record: '记录',
    edits: '修改次数',
    written: 'udesk-sync 写入',
  },
  runs: {
    title: '同步周期与失败',
    cycles: '周期数',
    done: '完成',
    waiting: '等待批准',
    failed: '失败',
    abandoned: '被停止',
    unfinished: '中断或进行中',
    otherwise: '其他',
    duration: '耗时（中位数 · p95 · 最长）',
    writes: '写入 Udesk · CRM',
    failures: '失败原因',
    reason: '原因',
    times: '次数',
    last: '最近一次',
    noFailures: '没有失败的周期。',
    noReason: '未记录原因',
  },
  quota: {
    title: 'Udesk 调用配额',
    hint: '生成报告前一分钟的用量；随时间的变化见 /metrics。',
    used: (used, limit) => `已用 ${used} / ${limit} 次`,
    busiest: '最繁忙的接口',
  },
  footer: '数值为冲突发生时的内容。本文件不加载、不运行任何内容。',
};

export const WORDS: Readonly<Record<Locale, Words>> = { en, 'zh-CN': zh };
