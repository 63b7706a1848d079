/** Registration calls of event callbacks, of every generation whose paths are known (udesk/api.md §8.1). */
import { SyncError } from '../errors.ts';
import { idText, Unreadable } from './decode-lists.ts';
import { type DecodedList, decodeEach, looseText } from './element.ts';
import { arrayOf, objectOf } from './errors.ts';
import { idNumber, isObject, type JsonObject } from './json.ts';
import type { Transport } from './transport.ts';

/** First generation: one address and a map of what is pushed. */
export const PUSH_EVENTS = [
  'customer_create',
  'customer_update',
  'customer_destroy',
  'organization_create',
  'organization_update',
  'organization_destroy',
] as const;
export type PushPermissions = Readonly<Record<string, boolean>>;

/** Third generation ("webhook_v2"): several registrations, each with an address and its events. */
export interface WebhookRegistration {
  readonly id: string;
  readonly pushUrl: string;
  /** Event names such as Customer_create; null when they are not told. */
  readonly events: readonly string[] | null;
}

export interface WebhookCalls {
  /** Where pushes go; first generation. Returns the address that Udesk now has. */
  setPushUrl(pushUrl: string, signal?: AbortSignal): Promise<string>;
  /** What is pushed; names that are left out stay as they are. Returns the whole map. */
  setPushPermissions(permissions: PushPermissions, signal?: AbortSignal): Promise<PushPermissions>;
  /** Sent at most once: a lost answer is `ambiguous`, and `webhookList` tells. */
  webhookCreate(pushUrl: string, events: readonly string[], signal?: AbortSignal): Promise<void>;
  webhookUpdate(registration: WebhookRegistration, signal?: AbortSignal): Promise<void>;
  webhookDestroy(id: string, signal?: AbortSignal): Promise<void>;
  webhookList(signal?: AbortSignal): Promise<DecodedList<WebhookRegistration>>;
}

/** The names of the members of webhook_v2 are inferred, except `push_url` (api.md §8.1): no sample is stored. */
export function createWebhookCalls(transport: Transport): WebhookCalls {
  const post = (
    path: string,
    body: unknown,
    expects: string,
    write: boolean,
    signal: AbortSignal | undefined,
  ) => transport.run({ method: 'POST', path, body, write, expects, signal });

  return {
    async setPushUrl(pushUrl, signal) {
      // To set it twice does no harm, so that it may be tried again.
      const { body } = await post('set_url', { push_url: requireUrl(pushUrl) }, 'push_url', false, signal);
      return looseText(body.push_url) ?? pushUrl;
    },
    async setPushPermissions(permissions, signal) {
      const { body, context } = await post('set_permissions', { permissions }, 'permissions', false, signal);
      const told = Object.entries(objectOf(body, 'permissions', context));
      return Object.fromEntries(told.map(([name, value]) => [name, value === true || value === 'true']));
    },
    async webhookCreate(pushUrl, events, signal) {
      await post(
        'webhook_create',
        { push_url: requireUrl(pushUrl), event_types: events },
        'code',
        true,
        signal,
      );
    },
    async webhookUpdate({ id, pushUrl, events }, signal) {
      const types = events === null ? {} : { event_types: events };
      const body = { id: idNumber(id), push_url: requireUrl(pushUrl), ...types };
      await post('webhook_update', body, 'code', false, signal);
    },
    async webhookDestroy(id, signal) {
      await post('webhook_destroy', { id: idNumber(id) }, 'code', true, signal);
    },
    async webhookList(signal) {
      const { body, context } = await post('webhook_list', {}, 'webhooks', false, signal);
      return decodeEach(arrayOf(body, 'webhooks', context), readRegistration);
    },
  };
}

function readRegistration(raw: JsonObject): WebhookRegistration {
  const id = idText(raw.id);
  if (id === null) throw new Unreadable('id: missing or not a number');
  const types = raw.event_types ?? raw.events ?? raw.types;
  return {
    id,
    pushUrl: looseText(raw.push_url) ?? '',
    events: Array.isArray(types)
      ? types.flatMap((type: unknown) => looseText(isObject(type) ? type.name : type) ?? [])
      : null,
  };
}

function requireUrl(pushUrl: string): string {
  const url = URL.canParse(pushUrl) ? new URL(pushUrl) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return pushUrl;
  // The address holds a secret: it is not repeated.
  throw new SyncError('config', 'the address for pushes is no http or https address', { side: 'udesk' });
}
