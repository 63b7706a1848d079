/** What a page is given: who asks, in which language, and what the program offers it. */
import type { Context } from 'hono';
import type { Config } from '../config/schema.ts';
import type { SideName } from '../core/record.ts';
import type { PairSpec } from '../core/spec.ts';
import type { RefreshReport } from '../engine/refresh.ts';
import type { Logger } from '../lib/log.ts';
import type { Db } from '../store/tx.ts';
import type { Assets } from './assets.ts';
import type { Actor } from './auth/roles.ts';
import type { Throttle } from './auth/throttle.ts';
import type { Events } from './events/events.ts';
import type { Formats, Locale, Translate } from './i18n/words.ts';
import type { NavItem } from './page.ts';
import type { Remember } from './remember.ts';

/** One per process. */
export interface Services {
  readonly db: Db;
  readonly config: Config;
  readonly clock: () => Date;
  readonly log: Logger;
  /** Without users in the configuration: the person at this machine, who may do everything. */
  readonly machineUser: string;
  readonly signIns: Throttle;
  /**
   * Reads one record of a side now, waiting for a cycle under way; writes nothing to either side.
   * @throws SyncError of the side, or `lease-lost` when the cycle takes too long
   */
  readonly refresh: (
    pair: string,
    record: { readonly side: SideName; readonly id: string },
  ) => Promise<Pick<RefreshReport, 'seen'>>;
  /** Tells open pages that something happened. */
  readonly events: Events;
  /** Null: a side of the pair does not answer yet, so nobody can say what would be written. */
  readonly specOf: (pair: string) => PairSpec | null;
  /** Something was decided: the pair's next cycle should start now. */
  readonly wake: (pair: string) => void;
}

/** One per request. */
export interface Visit {
  readonly c: Context;
  readonly services: Services;
  readonly assets: Assets;
  readonly remember: Remember;
  readonly nav: readonly NavItem[];
  readonly url: URL;
  readonly now: Date;
  readonly locale: Locale;
  readonly t: Translate;
  readonly format: Formats;
  /** Null: not signed in. */
  readonly actor: Actor | null;
  /** Goes into every form that posts, as the field `csrf`. */
  readonly csrf: string;
  /** htmx asks for a part of a page, not for a page. */
  readonly partial: boolean;
  /** The fields of the posted form; empty for GET. */
  readonly form: URLSearchParams;
}

export interface SignedVisit extends Visit {
  readonly actor: Actor;
}
