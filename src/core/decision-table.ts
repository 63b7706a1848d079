/**
 * The decision tables of sync design §4, total by type: a new state or a new cell does not compile until every
 * cell is decided.
 */
import type { Presence } from './link.ts';

export type Change = 'unchanged' | 'changed';
export type Now = 'equal' | 'differs';

export type FieldAction =
  | 'nothing'
  /** Two unchanged sides that differ: a fault, unless the difference was accepted. */
  | 'diverged'
  /** Both sides hold the same: the bases advance, nothing is written. */
  | 'adopt'
  | 'carry-to-crm'
  | 'carry-to-udesk'
  /** Both edited: sets merge, scalars go by the policy. */
  | 'decide';

/** [on Udesk][in the CRM][now] for a field that has a base. */
export const FIELD_TABLE: Record<Change, Record<Change, Record<Now, FieldAction>>> = {
  unchanged: {
    unchanged: { equal: 'nothing', differs: 'diverged' },
    changed: { equal: 'adopt', differs: 'carry-to-udesk' },
  },
  changed: {
    unchanged: { equal: 'adopt', differs: 'carry-to-crm' },
    changed: { equal: 'adopt', differs: 'decide' },
  },
};

export type Content = 'blank' | 'filled';
export type FirstLinkAction = 'adopt' | 'fill-crm' | 'fill-udesk' | 'decide';

/** [on Udesk][in the CRM][now] for a scalar field that never had a base. */
export const FIRST_LINK_TABLE: Record<Content, Record<Content, Record<Now, FirstLinkAction>>> = {
  blank: {
    blank: { equal: 'adopt', differs: 'adopt' },
    filled: { equal: 'adopt', differs: 'fill-udesk' },
  },
  filled: {
    blank: { equal: 'adopt', differs: 'fill-crm' },
    filled: { equal: 'adopt', differs: 'decide' },
  },
};

export type LinkAction =
  | 'reconcile-fields'
  | 'create-in-crm'
  | 'create-in-udesk'
  | 'udesk-deleted'
  | 'crm-deleted'
  | 'close'
  | 'nothing';

/** [Udesk][CRM] for the record as a whole. */
export const PRESENCE_TABLE: Record<Presence['state'], Record<Presence['state'], LinkAction>> = {
  live: { live: 'reconcile-fields', deleted: 'crm-deleted', missing: 'create-in-crm' },
  deleted: { live: 'udesk-deleted', deleted: 'close', missing: 'close' },
  missing: { live: 'create-in-udesk', deleted: 'close', missing: 'nothing' },
};
