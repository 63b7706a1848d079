/** Delivers one message, over HTTP or by mail: a few attempts with back-off, none of which may hang, and no address in any error. */
import pRetry, { AbortError } from 'p-retry';
import { type AlertMessage, type AlertTarget, alertRequest, refusalOf } from './alert-formats.ts';
import { type MailTarget, sendMail } from './alert-mail.ts';

export interface DeliveryPolicy {
  readonly retries: number;
  readonly minDelayMs: number;
  /** Of one attempt. */
  readonly timeoutMs: number;
}

/** Three attempts of 8 s with pauses of 1 and 2 s: well below the time for which a channel is claimed. */
export const DELIVERY: DeliveryPolicy = { retries: 2, minDelayMs: 1_000, timeoutMs: 8_000 };

/** More of an answer is not looked at. */
const MAX_ANSWER = 16_384;

/** Why it was not delivered, as a code: an answer's text may hold anything, and the address may be a secret. */
export class DeliveryFailure extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the alert was not taken (${code})`);
    this.name = 'DeliveryFailure';
    this.code = code;
  }
}

export type Receiver = AlertTarget | MailTarget;

/** @throws DeliveryFailure after the last attempt, or the signal's reason when it was aborted */
export async function deliver(
  target: Receiver,
  message: AlertMessage,
  clock: () => Date,
  signal: AbortSignal,
  policy: DeliveryPolicy = DELIVERY,
): Promise<void> {
  await untilTaken(
    (until) =>
      'url' in target
        ? attempt(target, message, clock, until)
        : sendMail(target, message, policy.timeoutMs, until),
    signal,
    policy,
  );
}

/**
 * @param attempt resolves with null when it was taken, else with a code
 * @throws DeliveryFailure after the last attempt, or the signal's reason when it was aborted
 */
export async function untilTaken(
  attempt: (until: AbortSignal) => Promise<string | null>,
  signal: AbortSignal,
  policy: DeliveryPolicy = DELIVERY,
): Promise<void> {
  await pRetry(
    async () => {
      const refusal = await attempt(AbortSignal.any([signal, AbortSignal.timeout(policy.timeoutMs)]));
      if (refusal === null) return;
      const failure = new DeliveryFailure(refusal);
      // What the receiver does not understand it will not understand in a second either.
      throw /^(http-4(?!08|29)|smtp-5)/.test(refusal) ? new AbortError(failure) : failure;
    },
    { retries: policy.retries, minTimeout: policy.minDelayMs, factor: 2, randomize: true, signal },
  );
}

async function attempt(
  target: AlertTarget,
  message: AlertMessage,
  clock: () => Date,
  signal: AbortSignal,
): Promise<string | null> {
  const { url, body } = alertRequest(target, message, clock().getTime());
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const answer = await ask(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  return typeof answer === 'string' ? answer : refusalOf(target.format, answer.status, answer.text);
}

/** One request. Never rejects: without an answer it is a code, which holds nothing of the address. */
export async function ask(
  url: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly text: string } | string> {
  try {
    // What is said is meant for this receiver, not for where it points.
    const response = await fetch(url, { ...init, redirect: 'manual' });
    return { status: response.status, text: await textOf(response) };
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'TimeoutError') return 'timeout';
    const cause = thrown instanceof Error ? (thrown.cause as { code?: unknown } | undefined) : undefined;
    return typeof cause?.code === 'string' ? cause.code : 'network';
  }
}

async function textOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER) break;
  }
  return text;
}
