/**
 * The other things that happened with a customer (udesk/api.md §7): tickets, calls, chats, follow-ups. Only changes
 * carry a time on the wire, but the tenant knows when each of them was.
 */
import { AGENTS } from './directory.ts';
import { type Feed, vendorTime } from './feeds.ts';
import { type IdForm, idJson } from './ids.ts';
import { hash32 } from './random.ts';

export const EVENT_KINDS = ['Ticket', 'CallLog', 'ImSubSession', 'CustomerFollowUp'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Ids are counted per kind, and so may be equal across kinds. */
export interface HistoryEvent {
  readonly kind: EventKind;
  readonly id: number;
  /** The tenant's time in milliseconds. */
  readonly time: number;
  /** Members in the vendor's names; `_id` members are numbers. */
  readonly data: Readonly<Record<string, unknown>>;
}

export type HistoryItem = HistoryEvent | (Feed & { readonly kind: 'Alteration' });

/** `page`: keys and spellings of the vendor page's text; `sample`: `feed_type` throughout; `older`: what M17 had. */
export type HistoryForm = 'sample' | 'page' | 'older';

const NAMES: Readonly<Record<HistoryForm, Readonly<Record<HistoryItem['kind'], string>>>> = {
  sample: {
    Ticket: '"feed_type":"Ticket"',
    CallLog: '"feed_type":"CallLog"',
    ImSubSession: '"feed_type":"ImSubSession"',
    Alteration: '"feed_type":"Alteration"',
    CustomerFollowUp: '"feed_type":"CustomerFollowUp"',
  },
  page: {
    Ticket: '"feed_type":"Ticket"',
    CallLog: '"feed_type":"CallLog"',
    ImSubSession: '"from_type":"ImSubSession"',
    Alteration: '"from_type":"Alternation"',
    CustomerFollowUp: '"from_type":"CustomerFollowUp"',
  },
  older: {
    Ticket: '"feed_type":"Ticket"',
    CallLog: '"feed_type":"UcpappConversation"',
    ImSubSession: '"from_type":"ImSubSession"',
    Alteration: '"feed_type":"Alteration"',
    CustomerFollowUp: '"from_type":"CustomerFollowUp"',
  },
};

export function historyJson(item: HistoryItem, form: HistoryForm, ids: IdForm): string {
  const head = `${NAMES[form][item.kind]},"id":${idJson(item.id, ids)}`;
  if (item.kind === 'Alteration') {
    const author =
      item.author === null
        ? 'null'
        : `{"id":${idJson(item.author.id, ids)},"nick_name":${JSON.stringify(item.author.nick_name)}}`;
    const summary = JSON.stringify(item.summary);
    return `{${head},"time":"${vendorTime(item.time)}","author":${author},"summary":${summary}}`;
  }
  const members = Object.entries(item.data).map(([key, value]) => {
    const isId = key.endsWith('_id') && typeof value === 'number';
    return `${JSON.stringify(key)}:${isId ? idJson(value, ids) : JSON.stringify(value)}`;
  });
  return `{${[head, ...members].join(',')}}`;
}

const SUBJECTS = ['退货咨询', '发票申请', 'login problem', '安装预约'] as const;
const FIRST_TIME = Date.UTC(2023, 0, 2);
const DAY_MS = 86_400_000;

/** None to four things that happened to a customer before the tenant started; the same for the same id. */
export function inventedHistory(customerId: number): HistoryEvent[] {
  const hash = hash32(`history:${customerId}`);
  return Array.from({ length: hash % 5 }, (_, n) => {
    const kind = EVENT_KINDS[(hash + n) % EVENT_KINDS.length] ?? 'Ticket';
    const number = hash32(`${customerId}:${n}`);
    const agent = AGENTS[number % AGENTS.length];
    const time = FIRST_TIME + (number % 300) * DAY_MS + (number % 86_400) * 1_000;
    // Unique per kind, and small, so that ids of different kinds do meet.
    return {
      kind,
      id: (customerId % 1_000_000) * 5 + n + 1,
      time,
      data: dataOf(kind, number, agent?.id ?? 1, agent?.nick_name ?? ''),
    };
  });
}

function dataOf(kind: EventKind, number: number, agentId: number, agentName: string) {
  switch (kind) {
    case 'Ticket':
      return {
        user_id: agentId,
        user_group_id: 15,
        content: '😀 请尽快处理\n谢谢',
        subject: SUBJECTS[number % SUBJECTS.length],
        status_zh_name: number % 2 === 0 ? '已解决' : '开启',
      };
    case 'CallLog':
      return {
        call_type: number % 2 === 0 ? '呼入' : '呼出',
        call_result: '客服接听',
        duration: number % 600,
      };
    case 'ImSubSession':
      return { platform: 'web', customer_msg_num: number % 20, agent_msg_num: number % 15 };
    default:
      return { user_id: agentId, content: '已电话回访', agent_name: agentName };
  }
}
