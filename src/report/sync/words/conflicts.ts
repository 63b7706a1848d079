/** What the report says of conflicts, in both languages. */
import type { ConflictKind } from '../../../core/link.ts';
import type { Age } from '../document.ts';

export interface ConflictWords {
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
}

export const conflictsEn: ConflictWords = {
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
};

export const conflictsZhCn: ConflictWords = {
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
};
