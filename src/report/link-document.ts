/** A link as machines read it. */
import { isConfirmable } from '../store/link-decisions.ts';
import type { LinkRow, LinkRowState } from '../store/links.ts';

export interface LinkDocument {
  readonly id: string;
  readonly pair: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  /** A link is about whole records. */
  readonly field: null;
  readonly state: LinkRowState;
  /** What speaks for it, and what people decided, oldest first. */
  readonly evidence: readonly unknown[];
  /** Of a review: who might be meant on each side; null otherwise. */
  readonly candidates: { readonly udesk: readonly string[]; readonly crm: readonly string[] } | null;
  readonly score: number | null;
  readonly reason: string | null;
  readonly decidedBy: string;
  /** `links confirm` may be answered with yes. */
  readonly confirmable: boolean;
  readonly createdAt: string;
}

export function linkDocument(row: LinkRow): LinkDocument {
  const { bases, ...rest } = row;
  return { ...rest, field: null, confirmable: isConfirmable(row) };
}
