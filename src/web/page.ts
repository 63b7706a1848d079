/** What a page is made of. Each page is one file in pages/, listed in pages.ts; docs/architecture.md says how one is added. */
import type { Role } from './auth/roles.ts';
import type { WordKey } from './i18n/en.ts';
import type { SignedVisit, Visit } from './visit.ts';

export interface NavItem {
  readonly path: string;
  readonly label: WordKey;
}

/** `public` is for what must work before signing in; everything else names the least role that may use it. */
export type Route =
  | {
      readonly method: 'GET' | 'POST' | 'DELETE';
      readonly path: string;
      readonly access: 'public';
      readonly handle: (visit: Visit) => Response | Promise<Response>;
    }
  | {
      readonly method: 'GET' | 'POST' | 'DELETE';
      readonly path: string;
      readonly access: Role;
      readonly handle: (visit: SignedVisit) => Response | Promise<Response>;
    };

export interface Page {
  /** Left out: it is not in the menu. */
  readonly nav?: NavItem;
  readonly routes: readonly Route[];
}
