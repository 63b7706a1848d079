/** What the report says of lag, coverage, parked records, changes, cycles and quota, in both languages. */
import type { LagRow } from '../../../store/report-traffic.ts';

export interface FlowWords {
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
}

export const flowEn: FlowWords = {
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
};

export const flowZhCn: FlowWords = {
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
};
