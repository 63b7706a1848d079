/** How each messenger wants a message, and how it says that it took it. Pure. */
import { createHmac } from 'node:crypto';
import type { AlertItem } from './alert-text.ts';

export const ALERT_FORMATS = ['json', 'dingtalk', 'wecom', 'feishu', 'slack'] as const;
export type AlertFormat = (typeof ALERT_FORMATS)[number];

const HOSTS: readonly (readonly [host: RegExp, format: AlertFormat])[] = [
  [/(^|\.)dingtalk\.com$/, 'dingtalk'],
  [/^qyapi\.weixin\.qq\.com$/, 'wecom'],
  [/(^|\.)(feishu\.cn|larksuite\.com)$/, 'feishu'],
  [/^hooks\.slack(-gov)?\.com$/, 'slack'],
];

/** By the host of the address; anything unknown gets plain JSON. */
export function guessFormat(url: string): AlertFormat {
  const { hostname } = new URL(url);
  return HOSTS.find(([host]) => host.test(hostname))?.[1] ?? 'json';
}

export interface AlertMessage {
  readonly title: string;
  readonly lines: readonly string[];
  readonly items: readonly AlertItem[];
  /** Go along with an e-mail; messengers are told in words alone. */
  readonly attachments?: readonly { readonly name: string; readonly type: string; readonly text: string }[];
}

export interface AlertTarget {
  readonly url: string;
  readonly format: AlertFormat;
  /** DingTalk and Feishu: the robot's key for signatures. */
  readonly secret: string | null;
}

/** What is sent where. @param nowMs goes into the signature: build it anew for each attempt */
export function alertRequest(
  { url, format, secret }: AlertTarget,
  { title, lines, items }: AlertMessage,
  nowMs: number,
): { readonly url: string; readonly body: unknown } {
  const text = [title, ...lines].join('\n');
  switch (format) {
    case 'json':
      return { url, body: { source: 'udesk-sync', title, text, alerts: items } };
    case 'slack':
      return { url, body: { text: slackText(text) } };
    case 'wecom':
      return { url, body: { msgtype: 'text', text: { content: text } } };
    case 'dingtalk': {
      const markdown = { title, text: `#### ${title}\n${lines.map((line) => `- ${line}`).join('\n')}` };
      return { url: dingtalkUrl(url, secret, nowMs), body: { msgtype: 'markdown', markdown } };
    }
    case 'feishu':
      return {
        url,
        body: { ...feishuSign(secret, nowMs), msg_type: 'text', content: { text } },
      };
  }
}

/** Slack takes `<`, `>` and `&` for markup of its own. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** DingTalk: HMAC of "milliseconds, line feed, key" under the key, in the query. */
function dingtalkUrl(url: string, secret: string | null, nowMs: number): string {
  if (secret === null) return url;
  const signed = new URL(url);
  const sign = createHmac('sha256', secret).update(`${nowMs}\n${secret}`).digest('base64');
  signed.searchParams.set('timestamp', String(nowMs));
  signed.searchParams.set('sign', sign);
  return signed.href;
}

/** Feishu: the HMAC of nothing, under "seconds, line feed, key". */
function feishuSign(secret: string | null, nowMs: number): { timestamp?: string; sign?: string } {
  if (secret === null) return {};
  const timestamp = String(Math.floor(nowMs / 1000));
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).digest('base64') };
}

/**
 * Null when the messenger took the message; else a code for the log. Chinese messengers say no with HTTP 200: only their
 * own code counts, and an answer without one is a no.
 */
export function refusalOf(format: AlertFormat, status: number, body: string): string | null {
  if (status < 200 || status > 299) return `http-${status}`;
  if (format === 'json' || format === 'slack') return null;
  const answer = parseObject(body);
  const code = format === 'feishu' ? (answer.code ?? answer.StatusCode) : answer.errcode;
  if (code === 0) return null;
  return typeof code === 'number' ? `code-${code}` : 'no-code';
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
