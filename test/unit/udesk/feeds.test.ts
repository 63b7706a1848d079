import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeFeeds } from '../../../src/udesk/feeds.ts';
import { type JsonObject, parseUdeskJson } from '../../../src/udesk/json.ts';

const SAMPLE = new URL('../../fixtures/udesk/vendor-page/feeds-response.json', import.meta.url);

function one(raw: object) {
  const { items, dropped } = decodeFeeds([raw]);
  if (items[0] === undefined) throw new Error(dropped[0]?.reason);
  return items[0];
}

describe('the history of a customer', () => {
  it('the sample of the vendor page: changes with author and time, newest first', () => {
    const sample = parseUdeskJson(readFileSync(SAMPLE, 'utf8')) as JsonObject;
    expect(decodeFeeds(sample.feeds as unknown[])).toEqual({
      items: [
        {
          kind: 'Alteration',
          id: '35',
          at: '2017-02-08T01:38:33.000Z',
          author: { id: '1', name: 'Alex' },
          data: { summary: '将负责组设置为“默认组”' },
        },
        {
          kind: 'Alteration',
          id: '32',
          at: '2017-01-24T03:18:11.000Z',
          author: { id: '1', name: 'Alex' },
          data: { summary: '将负责人从“Tom”设置为 <空>' },
        },
      ],
      dropped: [],
    });
  });

  it.each([
    ['feed_type', 'Ticket', 'Ticket'],
    ['feed_type', 'CallLog', 'CallLog'],
    ['feed_type', 'UcpappConversation', 'CallLog'],
    ['from_type', 'UcpappConversation', 'CallLog'],
    ['from_type', 'ImSubSession', 'ImSubSession'],
    ['feed_type', 'ImSubSession', 'ImSubSession'],
    ['from_type', 'Alternation', 'Alteration'],
    ['from_type', 'Alteration', 'Alteration'],
    ['feed_type', 'Alternation', 'Alteration'],
    ['from_type', 'CustomerFollowUp', 'CustomerFollowUp'],
    ['feed_type', 'CustomerFollowUp', 'CustomerFollowUp'],
  ])('names its kind under either key and in either spelling: %s %s', (key, spelling, kind) => {
    expect(one({ id: 7, [key]: spelling })).toEqual({ kind, id: '7', at: null, author: null, data: {} });
  });

  it('a ticket keeps owner, group, subject, content and status; ids as text', () => {
    const raw = {
      id: 9,
      feed_type: 'Ticket',
      user_id: 8,
      user_group_id: '15',
      content: 'c',
      subject: 's',
      status_zh_name: '已解决',
    };
    expect(one(raw)).toMatchObject({
      author: null,
      data: { user_id: '8', user_group_id: '15', content: 'c', subject: 's', status_zh_name: '已解决' },
    });
  });

  it('a call keeps type, result and duration; a chat its platform and message counts', () => {
    const call = { id: 1, feed_type: 'CallLog', call_type: '呼入', call_result: '接通', duration: 61 };
    const chat = {
      id: 1,
      from_type: 'ImSubSession',
      platform: 'web',
      customer_msg_num: 3,
      agent_msg_num: '4',
    };
    expect(one(call).data).toEqual({ call_type: '呼入', call_result: '接通', duration: 61 });
    expect(one(chat).data).toEqual({ platform: 'web', customer_msg_num: 3, agent_msg_num: '4' });
  });

  it('a follow-up was written by its agent, whose id it does not tell', () => {
    const raw = { id: 2, from_type: 'CustomerFollowUp', user_id: 5, content: 'x', agent_name: 'Tom' };
    expect(one(raw)).toMatchObject({ author: { id: null, name: 'Tom' }, data: { user_id: '5' } });
  });

  it('ids beyond 2^53 and ids as text lose nothing', () => {
    const rows = parseUdeskJson(
      '[{"id":9100000000000000001,"feed_type":"Ticket","user_id":9100000000000000003},{"id":"12","feed_type":"Ticket"}]',
    ) as unknown[];
    const { items } = decodeFeeds(rows);
    expect(items.map((feed) => feed.id)).toEqual(['9100000000000000001', '12']);
    expect(items[0]?.data).toEqual({ user_id: '9100000000000000003' });
  });

  it.each([
    ['2017-01-18T10:14:41.000+08:00', '2017-01-18T02:14:41.000Z'],
    ['2016-07-28 20:44:08 +0800', '2016-07-28T12:44:08.000Z'],
    ['2016-07-28 20:44:08', '2016-07-28T12:44:08.000Z'],
    ['2016-07-28T12:44:08Z', '2016-07-28T12:44:08.000Z'],
  ])('reads the time %s', (time, at) => {
    expect(one({ id: 1, feed_type: 'Alteration', time })).toMatchObject({ at, data: {} });
  });

  it.each(['', 'yesterday', '2017-02-30 10:00:00', 1_486_517_913])(
    'keeps a time that it cannot read (%s) as it is, and the item too',
    (time) => {
      expect(one({ id: 1, feed_type: 'Alteration', time })).toMatchObject({ at: null, data: { time } });
    },
  );

  it('an element that cannot be read is dropped and counted with its shape, and the page goes on', () => {
    const twice = parseUdeskJson('{"id":3,"id":4,"feed_type":"Ticket"}');
    const { items, dropped } = decodeFeeds([
      { id: 1, feed_type: 'Ticket' },
      'SECRET',
      { feed_type: 'Ticket', content: 'SECRET' },
      { id: 2, feed_type: 'Novelty', content: 'SECRET' },
      { id: 2, content: 'SECRET' },
      { id: 2, feed_type: 'Ticket', from_type: 'CallLog' },
      { id: 2, feed_type: 'constructor' },
      twice,
      { id: 5, from_type: 'ImSubSession' },
    ]);
    expect(items.map((feed) => feed.id)).toEqual(['1', '5']);
    expect(dropped.map((one) => one.reason)).toEqual([
      'not an object',
      'id: missing or not a number',
      'feed_type: an unknown kind "Novelty"',
      'feed_type: missing, and from_type too',
      'feed_type and from_type name two kinds',
      'feed_type: an unknown kind "constructor"',
      'feed: one key stands twice with different values',
    ]);
    expect(JSON.stringify(dropped)).not.toContain('SECRET');
  });

  it('NUL, lone surrogates, 4-byte characters and 10,000 characters pass unchanged', () => {
    const content = `\u0000 \ud800 😀𠮷 ${'长'.repeat(10_000)}`;
    const rows = parseUdeskJson(JSON.stringify([{ id: 1, feed_type: 'Ticket', content }])) as unknown[];
    expect(decodeFeeds(rows).items[0]?.data.content).toBe(content);
  });
});
