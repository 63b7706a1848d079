import { describe, expect, it } from 'vitest';
import { decideAlerts } from '../../../src/core/alert.ts';
import { conditionsOf, type PairView } from '../../../src/daemon/alert-conditions.ts';
import { alertRequest, guessFormat, refusalOf } from '../../../src/daemon/alert-formats.ts';
import { type AlertItem, alertItem, digestItem, messageLines } from '../../../src/daemon/alert-text.ts';
import { unwell } from '../../../src/daemon/heartbeat-condition.ts';
import type { PairHealth } from '../../../src/daemon/pair-worker.ts';
import type { PairGauges, SideGauges } from '../../../src/store/gauges.ts';
import { readinessOf } from '../../../src/web/readiness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const LIMITS = { cycleMs: 15 * MINUTE, sweepMs: 24 * HOUR };

function view(
  health: Partial<PairHealth> = {},
  gauges: Partial<PairGauges> | null = {},
  udesk: Partial<SideGauges> = {},
): PairView {
  const side = {
    live: 1,
    linked: 1,
    total: 1,
    certifiedAgeMs: HOUR,
    uncertified: null,
    waitingMs: null,
    lag: null,
  };
  return {
    pair: 'main',
    health: {
      lastGoodAtMs: NOW - MINUTE,
      failures: 0,
      lastError: null,
      lastKind: null,
      lastSide: null,
      ...health,
    },
    gauges:
      gauges === null
        ? null
        : {
            pair: 'main',
            knownMs: 48 * HOUR,
            lastGoodMs: MINUTE,
            leased: true,
            outbox: { planned: 0, held: 0, pending: 0, sending: 0, unknown: 0 },
            parked: 0,
            guards: 0,
            guarded: 0,
            accounts: [],
            endedRules: [],
            conflicts: { open: 0, resolving: 0, opened: 0, closed: 0 },
            freshness: null,
            sides: { udesk: { ...side, ...udesk }, crm: side },
            ...gauges,
          },
  };
}
function states(of: PairView, uptimeMs = 5 * HOUR): Record<string, string> {
  return Object.fromEntries(
    conditionsOf(of, LIMITS, NOW, uptimeMs).map(({ key, state }) => [key.replace('/main/', ':'), state]),
  );
}
const WELL = {
  'guard:': 'off',
  'guard:account-udesk': 'off',
  'guard:account-crm': 'off',
  'auth:udesk': 'off',
  'auth:crm': 'off',
  'stalled:cycle': 'off',
  'stalled:udesk': 'off',
  'stalled:partial-udesk': 'off',
  'stalled:crm': 'off',
  'stalled:partial-crm': 'off',
};
const LATE = { ...WELL, 'stalled:udesk': 'on', 'stalled:partial-udesk': 'unknown' };
/** Udesk above 10,000 customers, without shards. */
const CAPPED = { certifiedAgeMs: null, uncertified: 'Udesk lists 10,000 of 31,000' };

describe('what may need a person', () => {
  it('is nothing while all is well', () => expect(states(view())).toEqual(WELL));

  it.each<[string, PairView, Record<string, string>]>([
    ['a guard that holds a plan', view({}, { guards: 1, guarded: 30 }), { ...WELL, 'guard:': 'on' }],
    [
      'a cycle that a guard stopped',
      view({ failures: 1, lastKind: 'guard' }),
      { ...WELL, 'guard:': 'on', 'auth:udesk': 'unknown', 'auth:crm': 'unknown' },
    ],
    [
      'an account that is not the one that we knew, and nothing else for the same reason',
      view({ failures: 1, lastKind: 'guard' }, { accounts: [{ side: 'crm', state: 'waiting', hash: 'a1' }] }),
      {
        ...{ ...WELL, 'guard:': 'unknown', 'guard:account-crm': 'on' },
        ...{ 'auth:udesk': 'unknown', 'auth:crm': 'unknown' },
      },
    ],
    [
      'no such account that somebody answered about',
      view({}, { accounts: [{ side: 'crm', state: 'rejected', hash: 'a1' }] }),
      { ...WELL, 'guard:account-crm': 'unknown' },
    ],
    ['a rule that ended by itself', view({}, { endedRules: ['7'] }), { ...WELL, 'rule:7': 'on' }],
    [
      'a CRM that refuses the login',
      view({ failures: 2, lastKind: 'auth', lastSide: 'crm' }),
      { ...WELL, 'guard:': 'unknown', 'auth:udesk': 'unknown', 'auth:crm': 'on' },
    ],
    [
      'no good cycle of anybody',
      view({ lastGoodAtMs: NOW - HOUR }, { lastGoodMs: HOUR }),
      { ...WELL, 'stalled:cycle': 'on' },
    ],
    ['a side that was not read completely', view({}, {}, { certifiedAgeMs: 25 * HOUR }), LATE],
    ['one that never was', view({}, {}, { certifiedAgeMs: null }), LATE],
    [
      'one that cannot be, which is a thing of its own and no alarm',
      view({}, {}, CAPPED),
      { ...WELL, 'stalled:udesk': 'unknown', 'stalled:partial-udesk': 'on' },
    ],
  ])('is %s', (_, of, expected) => expect(states(of)).toEqual(expected));

  it('is not a cycle that another process does', () => {
    expect(states(view({ lastGoodAtMs: null }, { lastGoodMs: MINUTE }))['stalled:cycle']).toBe('off');
  });

  it('is not known of what an earlier daemon left undone, until this one had the time', () => {
    const old = view({ lastGoodAtMs: null }, { lastGoodMs: 50 * HOUR }, { certifiedAgeMs: 50 * HOUR });
    expect(states(old, MINUTE)).toMatchObject({ 'stalled:cycle': 'unknown', 'stalled:udesk': 'unknown' });
    expect(states(old, 3 * HOUR)).toMatchObject({ 'stalled:cycle': 'on', 'stalled:udesk': 'on' });
  });

  it('of a database that does not answer is the lack of cycles, and nothing else is guessed', () => {
    const dead = view({ failures: 9, lastKind: 'transient', lastGoodAtMs: NOW - HOUR }, null);
    expect(states(dead)).toEqual({
      'guard:': 'unknown',
      'guard:account-udesk': 'unknown',
      'guard:account-crm': 'unknown',
      'auth:udesk': 'unknown',
      'auth:crm': 'unknown',
      'stalled:cycle': 'on',
      'stalled:udesk': 'unknown',
      'stalled:partial-udesk': 'unknown',
      'stalled:crm': 'unknown',
      'stalled:partial-crm': 'unknown',
    });
  });
});

describe('a Udesk above 10,000 customers without shards', () => {
  const capped = view({}, {}, CAPPED);

  it('is one verdict in alerts, the heartbeat and /readyz: it goes on, and nothing is wrong', () => {
    const alarms = conditionsOf(capped, LIMITS, NOW, 5 * HOUR).filter(
      ({ state, notice }) => state === 'on' && notice !== true,
    );
    expect(alarms).toEqual([]);
    if (capped.gauges === null) throw new Error('no gauges');
    expect(unwell([capped.gauges], [], LIMITS)).toBeNull();
    expect(readinessOf(capped.health, capped.gauges).reason).toBeNull();
  });

  it.each([
    [
      'en',
      '[NOTICE] main: Udesk cannot be read completely as it is: deletions there are not noticed, all else goes on. Where it has more than 10,000 customers, name saved filters under udesk.shards until every customer is in one. See `udesk-sync status`',
    ],
    [
      'zh-CN',
      '[提示] main: 目前无法完整读取 Udesk：那里的删除不会被发现，其余同步照常。客户超过 10,000 个时，请在 udesk.shards 中填写已保存的过滤器，直到每个客户都在其中之一。详见 `udesk-sync status`',
    ],
  ] as const)('is said once, with what to do (%s)', (locale, text) => {
    const policy = { quietMs: 10 * MINUTE, remindMs: 24 * HOUR };
    const conditions = conditionsOf(capped, LIMITS, NOW, 5 * HOUR);
    const { say } = decideAlerts(conditions, [], NOW, policy);
    expect(say.map((saying) => alertItem(saying, { locale, publicUrl: null }).text)).toEqual([text]);
    const said = say.map((saying) => saying.said);
    expect(decideAlerts(conditions, said, NOW + 30 * 24 * HOUR, policy).say).toEqual([]);
    const over = conditionsOf(view(), LIMITS, NOW, 5 * HOUR);
    expect(decideAlerts(over, said, NOW + HOUR, policy).say).toMatchObject([{ kind: 'recovered' }]);
  });
});

const ITEM: AlertItem = {
  event: 'guard',
  kind: 'raised',
  pair: 'main',
  subject: '',
  count: 3,
  text: 'main: <3> & more',
};
const MESSAGE = { title: 'udesk-sync: a message', lines: [ITEM.text], items: [ITEM] };
const request = (format: 'json' | 'dingtalk' | 'wecom' | 'feishu' | 'slack', secret: string | null = null) =>
  alertRequest({ url: 'https://h.example/robot?access_token=T', format, secret }, MESSAGE, 1_700_000_000_000);

describe('formats', () => {
  it.each([
    ['https://oapi.dingtalk.com/robot/send?access_token=x', 'dingtalk'],
    ['https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x', 'wecom'],
    ['https://open.feishu.cn/open-apis/bot/v2/hook/x', 'feishu'],
    ['https://open.larksuite.com/open-apis/bot/v2/hook/x', 'feishu'],
    ['https://hooks.slack.com/services/x', 'slack'],
    ['https://evil.example/hooks.slack.com', 'json'],
    ['https://notdingtalk.com/x', 'json'],
  ])('%s speaks %s', (url, format) => expect(guessFormat(url)).toBe(format));

  it('are what each messenger documents', () => {
    expect(request('json').body).toMatchObject({
      source: 'udesk-sync',
      alerts: [{ event: 'guard', count: 3 }],
    });
    expect(request('slack').body).toEqual({ text: 'udesk-sync: a message\nmain: &lt;3&gt; &amp; more' });
    expect(request('wecom').body).toEqual({
      msgtype: 'text',
      text: { content: 'udesk-sync: a message\nmain: <3> & more' },
    });
    expect(request('dingtalk').body).toEqual({
      msgtype: 'markdown',
      markdown: { title: 'udesk-sync: a message', text: '#### udesk-sync: a message\n- main: <3> & more' },
    });
    expect(request('feishu').body).toEqual({
      msg_type: 'text',
      content: { text: 'udesk-sync: a message\nmain: <3> & more' },
    });
  });

  // Computed with Python's hmac from what the vendors document.
  it('are signed where a key is configured', () => {
    expect(request('dingtalk', 'SEC123').url).toBe(
      'https://h.example/robot?access_token=T&timestamp=1700000000000&sign=lkcPI1uoxBY1gUnCnnPH1Kkru0Hqjo7rFpA3haIVhEQ%3D',
    );
    expect(request('feishu', 'SEC123').body).toMatchObject({
      timestamp: '1700000000',
      sign: 'j/tImR0k8vYXRsYw0+GHVQkV1v/J/8obOuMU7PE/KDo=',
    });
  });

  it.each<[Parameters<typeof refusalOf>, string | null]>([
    [['json', 204, ''], null],
    [['json', 302, ''], 'http-302'],
    [['slack', 200, 'ok'], null],
    [['slack', 404, 'no_team'], 'http-404'],
    [['dingtalk', 200, '{"errcode":0}'], null],
    [['dingtalk', 200, '{"errcode":310000,"errmsg":"sign not match"}'], 'code-310000'],
    [['wecom', 200, '<html>'], 'no-code'],
    [['feishu', 200, '{"code":0}'], null],
    [['feishu', 200, '{"StatusCode":0}'], null],
    [['feishu', 200, '{"code":19021}'], 'code-19021'],
  ])('%j is answered with %s', (answer, refusal) => expect(refusalOf(...answer)).toBe(refusal));
});

describe('the text', () => {
  const [guard] = conditionsOf(view({}, { guards: 1, guarded: 30 }), LIMITS, NOW, HOUR);
  const say = (
    kind: 'raised' | 'reminder' | 'recovered',
    locale: 'en' | 'zh-CN',
    publicUrl: string | null = null,
  ) =>
    guard === undefined
      ? ''
      : alertItem(
          { kind, condition: guard, openedAt: 0, said: { key: '', state: 'open', openedAt: 0, saidAt: 0 } },
          { locale, publicUrl },
        ).text;

  it('says in the language of the configuration what is the matter, and where to look', () => {
    expect(say('raised', 'en')).toBe(
      '[ALERT] main: a guard holds 30 writes until somebody approves them. See `udesk-sync status`',
    );
    expect(say('reminder', 'zh-CN', 'https://sync.example')).toBe(
      '[仍未恢复] main: 护栏拦下了 30 次写入，等待批准。详见 https://sync.example',
    );
    expect(say('recovered', 'en')).toBe('[OVER] main: no guard holds anything any more');
  });

  it.each([
    [
      { accounts: [{ side: 'crm', state: 'waiting', hash: 'a1' }] },
      'en',
      'https://sync.example',
      '[ALERT] main: another account or table answers in the CRM; nothing is read or written there until somebody says whether it is meant. See https://sync.example/plans/a1',
    ],
    [
      { endedRules: ['7'] },
      'zh-CN',
      'https://sync.example',
      '[告警] main: 裁决规则 7 已自动停用，它处理的冲突重新等待人工裁决。详见 https://sync.example/conflicts/rules/7',
    ],
    [
      { endedRules: ['7'] },
      'en',
      null,
      '[ALERT] main: rule 7 of the review has turned itself off; what it decided waits for people again. See `udesk-sync rules show 7`',
    ],
  ] as const)('of %j leads to what has to be answered', (gauges, locale, publicUrl, text) => {
    const condition = conditionsOf(view({}, gauges), LIMITS, NOW, HOUR).find(({ state }) => state === 'on');
    if (condition === undefined) throw new Error('nothing to say');
    const said = { key: '', state: 'open', openedAt: 0, saidAt: 0 } as const;
    expect(alertItem({ kind: 'raised', condition, openedAt: 0, said }, { locale, publicUrl }).text).toBe(
      text,
    );
  });

  it('of a digest has counts and a link', () => {
    const figures = { pair: 'main', open: 4, opened: 2, closed: 7, oldestMs: 3.5 * 24 * HOUR, parked: 1 };
    expect(digestItem(figures, { locale: 'en', publicUrl: 'https://sync.example' }).text).toBe(
      'main: 4 open conflicts (the oldest for 3 days); 2 new and 7 closed in the last day; 1 parked record. See https://sync.example/conflicts',
    );
  });

  it('is never longer than a messenger takes', () => {
    const { lines } = messageLines(
      Array.from({ length: 30 }, () => ITEM),
      'en',
    );
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('… and 10 more');
  });
});
