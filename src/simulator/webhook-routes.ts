/** The calls that register addresses for callbacks (udesk/api.md §8.1), of the first and the third generation. */
import type { Context, Handlers } from './call.ts';
import { idJson } from './ids.ts';
import type { Registration, Registrations } from './registrations.ts';

export function webhookRoutes(webhooks: Registrations, { responseIds }: Context): Handlers {
  // INFERRED: of the members of webhook_v2 only `push_url` is known.
  const json = ({ id, pushUrl, events }: Registration): string =>
    `{"id":${idJson(id, responseIds())},"push_url":${JSON.stringify(pushUrl)},"event_types":${JSON.stringify(events)}}`;
  return {
    'POST /set_url': (call) => {
      webhooks.setUrl(call.text('push_url'));
      return `"message":"OK","push_url":${JSON.stringify(webhooks.pushUrl)}`;
    },
    'POST /set_permissions': (call) => {
      webhooks.setPermissions(call.body.permissions);
      return `"message":"OK","permissions":${JSON.stringify(webhooks.permissions)}`;
    },
    'POST /webhook_create': (call) =>
      `"webhook":${json(webhooks.register(call.text('push_url'), call.body.event_types))}`,
    'POST /webhook_update': (call) =>
      `"webhook":${json(webhooks.change(call.body.id, call.text('push_url'), call.body.event_types))}`,
    'POST /webhook_destroy': (call) => {
      webhooks.unregister(call.body.id);
      return '"message":"OK"';
    },
    'POST /webhook_list': () => `"webhooks":[${webhooks.list.map(json).join(',')}]`,
  };
}
