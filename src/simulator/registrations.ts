/** Who wants to be called back, of the first generation (one address, a map) and the third (several; udesk/api.md §8.1). */
import { parseId } from './ids.ts';
import { badParameter, missingParameter } from './refusal.ts';

export interface Registration {
  readonly id: number;
  readonly pushUrl: string;
  /** Null: all. */
  readonly events: readonly string[] | null;
}

/** Where a push goes. `legacy`: registered by set_url. */
export interface Target {
  readonly url: string;
  readonly legacy: boolean;
}

const PERMISSIONS = ['customer', 'organization'].flatMap((object) =>
  ['create', 'update', 'destroy'].map((type) => `${object}_${type}`),
);

export class Registrations {
  #pushUrl: string | null = null;
  /** Everything is off until it is set (INF). */
  #permissions: Record<string, boolean> = Object.fromEntries(PERMISSIONS.map((name) => [name, false]));
  #registrations: readonly Registration[] = [];
  #lastId = 0;

  /** Nobody has registered. */
  get idle(): boolean {
    return this.#pushUrl === null && this.#registrations.length === 0;
  }

  get pushUrl(): string | null {
    return this.#pushUrl;
  }

  get permissions(): Readonly<Record<string, boolean>> {
    return this.#permissions;
  }

  get list(): readonly Registration[] {
    return this.#registrations;
  }

  /** First generation. */
  setUrl(pushUrl: string): void {
    this.#pushUrl = requireUrl(pushUrl);
  }

  /** First generation: names that are left out stay as they are. */
  setPermissions(given: unknown): void {
    if (typeof given !== 'object' || given === null) throw missingParameter('permissions');
    for (const [name, value] of Object.entries(given)) {
      if (PERMISSIONS.includes(name)) this.#permissions[name] = value === true || value === 'true';
    }
  }

  register(pushUrl: string, events: unknown): Registration {
    const registration = { id: ++this.#lastId, pushUrl: requireUrl(pushUrl), events: readEvents(events) };
    this.#registrations = [...this.#registrations, registration];
    return registration;
  }

  change(id: unknown, pushUrl: string, events: unknown): Registration {
    const before = this.#known(id);
    const after = {
      id: before.id,
      pushUrl: pushUrl === '' ? before.pushUrl : requireUrl(pushUrl),
      events: events === undefined ? before.events : readEvents(events),
    };
    this.#registrations = this.#registrations.map((one) => (one.id === after.id ? after : one));
    return after;
  }

  unregister(id: unknown): void {
    const known = this.#known(id);
    this.#registrations = this.#registrations.filter((one) => one.id !== known.id);
  }

  wanting(action: string): Target[] {
    return this.all().filter(({ legacy, events }) =>
      legacy ? this.#permissions[action.toLowerCase()] === true : events === null || events.includes(action),
    );
  }

  all(): (Target & { readonly events: Registration['events'] })[] {
    const first = this.#pushUrl === null ? [] : [{ url: this.#pushUrl, legacy: true, events: null }];
    const others = this.#registrations.map(({ pushUrl, events }) => ({
      url: pushUrl,
      legacy: false,
      events,
    }));
    return [...first, ...others];
  }

  #known(id: unknown): Registration {
    const found = this.#registrations.find((one) => one.id === parseId(id));
    if (!found) throw badParameter('webhook does not exist');
    return found;
  }
}

function requireUrl(text: string): string {
  if (text === '') throw missingParameter('push_url');
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw badParameter('push_url is no URL');
  return text;
}

function readEvents(events: unknown): readonly string[] | null {
  if (events === undefined || events === null) return null;
  if (!Array.isArray(events)) throw badParameter('event_types must be a list');
  return events.map(String);
}
