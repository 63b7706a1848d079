/** What an alert says: counts, names of pairs and sides, a command or a link. Never a customer's data. Pure. */

import type { Saying } from '../core/alert.ts';
import { SIDES, type SideName } from '../core/record.ts';
import { counted } from '../lib/counted.ts';
import { longDay } from '../lib/zoned-time.ts';

export type AlertLocale = 'zh-CN' | 'en';

export interface DigestFigures {
  readonly pair: string;
  readonly open: number;
  /** Within the last day. */
  readonly opened: number;
  readonly closed: number;
  readonly oldestMs: number | null;
  readonly parked: number;
}

export interface ReportFigures {
  readonly every: 'day' | 'week' | 'month';
  readonly since: string;
  readonly lastDay: string;
  readonly pairs: readonly string[];
  readonly open: number;
  readonly opened: number;
  readonly closed: number;
  readonly parked: number;
  /** Of the edits that arrived; of the slower direction. Null when there were none. */
  readonly p95Ms: number | null;
}

/** One line of a message, and what a program reads of it. */
export interface AlertItem {
  readonly event: Saying['condition']['event'];
  readonly kind: Saying['kind'] | 'digest' | 'report';
  readonly pair: string;
  readonly subject: string;
  readonly count: number | null;
  readonly text: string;
}

interface AlertWords {
  readonly title: (n: number) => string;
  readonly kinds: Readonly<Record<Saying['kind'] | 'notice', string>>;
  readonly sides: Readonly<Record<string, string>>;
  readonly guard: (writes: number | null) => string;
  readonly guardOver: string;
  readonly account: (side: string) => string;
  readonly accountOver: (side: string) => string;
  readonly rule: (id: string) => string;
  readonly auth: (side: string) => string;
  readonly authOver: (side: string) => string;
  readonly cycle: (minutes: number | null) => string;
  readonly cycleOver: string;
  readonly sweep: (side: string, hours: number | null) => string;
  readonly sweepOver: (side: string) => string;
  readonly partial: Readonly<Record<SideName, string>>;
  readonly digest: (figures: DigestFigures, days: number) => string;
  /** From and to a day, as the language writes it. */
  readonly reportTitle: (since: string, lastDay: string) => string;
  readonly report: (figures: ReportFigures) => string;
  /** Between two sentences. */
  readonly stop: string;
  readonly see: (place: string) => string;
  readonly more: (n: number) => string;
}

const en: AlertWords = {
  title: (n) => `udesk-sync: ${n === 1 ? 'a message' : `${n} messages`}`,
  kinds: { raised: 'ALERT', notice: 'NOTICE', reminder: 'STILL', recovered: 'OVER' },
  sides: { udesk: 'Udesk', crm: 'the CRM' },
  guard: (writes) =>
    writes
      ? `a guard holds ${counted(writes, 'write')} until somebody approves ${writes === 1 ? 'it' : 'them'}`
      : 'a guard stopped the cycle',
  guardOver: 'no guard holds anything any more',
  account: (side) =>
    `another account or table answers in ${side}; nothing is read or written there until somebody says whether it is meant`,
  accountOver: (side) => `the account of ${side} is no question any more`,
  rule: (id) => `rule ${id} of the review has turned itself off; what it decided waits for people again`,
  auth: (side) => `${side} refuses the credentials; nothing is synchronised`,
  authOver: (side) => `${side} accepts the credentials again`,
  cycle: (minutes) => `no cycle has ended well for ${minutes ?? 0} min`,
  cycleOver: 'cycles end well again',
  sweep: (side, hours) =>
    `${side} has not been read completely for ${hours ?? 0} h; deletions there are not noticed`,
  sweepOver: (side) => `${side} was read completely again`,
  partial: {
    udesk:
      'Udesk cannot be read completely as it is: deletions there are not noticed, all else goes on. Where it has more than 10,000 customers, name saved filters under udesk.shards until every customer is in one',
    crm: 'the CRM cannot be read completely as it is: deletions there are not noticed, all else goes on',
  },
  digest: ({ open, opened, closed, parked }, days) =>
    `${counted(open, 'open conflict')}${open > 0 ? ` (the oldest for ${counted(days, 'day')})` : ''}; ${opened} new and ${closed} closed in the last day; ${counted(parked, 'parked record')}`,
  reportTitle: (since, lastDay) => `udesk-sync: report of ${since} to ${lastDay}`,
  report: ({ open, opened, closed, parked, p95Ms }) =>
    `${counted(opened, 'conflict')} opened, ${closed} closed, ${open} open at the end; ${counted(parked, 'record', 'is')} parked${p95Ms === null ? '' : `; 95 % of edits arrived within ${Math.ceil(p95Ms / 1000)} s`}`,
  stop: '. ',
  see: (place) => `See ${place}`,
  more: (n) => `… and ${n} more`,
};

const zh: AlertWords = {
  title: (n) => `udesk-sync：${n} 条消息`,
  kinds: { raised: '告警', notice: '提示', reminder: '仍未恢复', recovered: '已恢复' },
  sides: { udesk: 'Udesk', crm: 'CRM' },
  guard: (writes) => (writes ? `护栏拦下了 ${writes} 次写入，等待批准` : '护栏停止了同步周期'),
  guardOver: '护栏不再拦截任何写入',
  account: (side) => `${side} 换成了另一个账号或数据表，在有人确认之前不读取也不写入`,
  accountOver: (side) => `${side} 的账号问题已解决`,
  rule: (id) => `裁决规则 ${id} 已自动停用，它处理的冲突重新等待人工裁决`,
  auth: (side) => `${side} 拒绝了凭据，同步已停止`,
  authOver: (side) => `${side} 已重新接受凭据`,
  cycle: (minutes) => `已有 ${minutes ?? 0} 分钟没有成功的同步周期`,
  cycleOver: '同步周期已恢复正常',
  sweep: (side, hours) => `${side} 已有 ${hours ?? 0} 小时未被完整读取，那里的删除不会被发现`,
  sweepOver: (side) => `${side} 已重新完整读取`,
  partial: {
    udesk:
      '目前无法完整读取 Udesk：那里的删除不会被发现，其余同步照常。客户超过 10,000 个时，请在 udesk.shards 中填写已保存的过滤器，直到每个客户都在其中之一',
    crm: '目前无法完整读取 CRM：那里的删除不会被发现，其余同步照常',
  },
  digest: ({ open, opened, closed, parked }, days) =>
    `${open} 条冲突未关闭${open > 0 ? `（最久 ${days} 天）` : ''}；过去一天新增 ${opened} 条，关闭 ${closed} 条；${parked} 条记录被搁置`,
  reportTitle: (since, lastDay) => `udesk-sync：${since} 至 ${lastDay} 的报告`,
  report: ({ open, opened, closed, parked, p95Ms }) =>
    `新增冲突 ${opened} 条，关闭 ${closed} 条，期末未决 ${open} 条；搁置 ${parked} 条记录${p95Ms === null ? '' : `；95% 的修改在 ${Math.ceil(p95Ms / 1000)} 秒内到达`}`,
  stop: '。',
  see: (place) => `详见 ${place}`,
  more: (n) => `……另有 ${n} 条`,
};

const WORDS: Readonly<Record<AlertLocale, AlertWords>> = { en, 'zh-CN': zh };
/** Messengers cut or refuse longer messages (WeCom: 4,096 bytes). */
const MAX_LINES = 20;

export interface AlertPlace {
  readonly locale: AlertLocale;
  /** Address of the pages; null: a command is named instead. */
  readonly publicUrl: string | null;
}

export function alertItem({ kind, condition }: Saying, { locale, publicUrl }: AlertPlace): AlertItem {
  const words = WORDS[locale];
  const { event, pair, subject, count, path = '' } = condition;
  const over = kind === 'recovered';
  const what = sentence(words, condition, over);
  const command = event === 'auth' ? 'check' : event === 'rule' ? `rules show ${subject}` : 'status';
  const place = publicUrl === null ? `\`udesk-sync ${command}\`` : `${publicUrl}${path}`;
  const see = over ? '' : words.stop + words.see(place);
  const tag = words.kinds[kind === 'raised' && condition.notice === true ? 'notice' : kind];
  return { event, kind, pair, subject, count, text: `[${tag}] ${pair}: ${what}${see}` };
}

function sentence(words: AlertWords, { event, subject, count }: Saying['condition'], over: boolean): string {
  const name = subject.replace(/^(account|partial)-/, '');
  const side = words.sides[name] ?? name;
  const partial = SIDES.find((each) => subject === `partial-${each}`);
  if (event === 'rule') return words.rule(subject);
  if (event === 'guard' && name !== subject) return over ? words.accountOver(side) : words.account(side);
  if (event === 'guard') return over ? words.guardOver : words.guard(count);
  if (event === 'auth') return over ? words.authOver(side) : words.auth(side);
  if (partial !== undefined) return over ? words.sweepOver(side) : words.partial[partial];
  if (subject === 'cycle') return over ? words.cycleOver : words.cycle(count);
  return over ? words.sweepOver(side) : words.sweep(side, count);
}

export function digestItem(figures: DigestFigures, { locale, publicUrl }: AlertPlace): AlertItem {
  const words = WORDS[locale];
  const days = Math.floor((figures.oldestMs ?? 0) / 86_400_000);
  const place = publicUrl === null ? '`udesk-sync conflicts list`' : `${publicUrl}/conflicts`;
  return {
    event: 'conflict-digest',
    kind: 'digest',
    pair: figures.pair,
    subject: '',
    count: figures.open,
    text: `${figures.pair}: ${words.digest(figures, days)}${words.stop}${words.see(place)}`,
  };
}

export function reportItem(
  figures: ReportFigures,
  { locale, publicUrl }: AlertPlace,
): AlertItem & { readonly title: string } {
  const words = WORDS[locale];
  const { since, pairs, open } = figures;
  const place =
    publicUrl === null
      ? `\`udesk-sync report --since ${since}\``
      : `${publicUrl}/api/v1/report?since=${since}&format=html`;
  return {
    title: words.reportTitle(longDay(since, locale), longDay(figures.lastDay, locale)),
    ...{ event: 'report', kind: 'report', pair: pairs.join(', '), subject: figures.every, count: open },
    text: `${pairs.join(', ')}: ${words.report(figures)}${words.stop}${words.see(place)}`,
  };
}

/** The whole message: its first line names the program, which messengers with keyword rules ask for. */
export function messageLines(
  items: readonly AlertItem[],
  locale: AlertLocale,
): { readonly title: string; readonly lines: readonly string[] } {
  const words = WORDS[locale];
  const lines = items.slice(0, MAX_LINES).map(({ text }) => text);
  const left = items.length - lines.length;
  return { title: words.title(items.length), lines: left > 0 ? [...lines, words.more(left)] : lines };
}
