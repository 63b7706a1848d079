import type { EditAuthor } from '../../../src/core/edit-author.ts';
import { type ConflictDocument, conflictDocument } from '../../../src/report/conflict-document.ts';
import type { ConflictRow } from '../../../src/store/conflicts.ts';

export function conflictRow(over: Partial<ConflictRow> = {}): ConflictRow {
  return {
    id: '7',
    pair: 'main',
    linkId: '3',
    udeskId: '100',
    crmId: '5',
    field: 'nick_name',
    kind: 'edit/edit',
    state: 'open',
    base: { udesk: 'Base', crm: 'Base', accepted: false },
    udesk: 'U',
    crm: 'C',
    udeskAt: null,
    crmAt: null,
    reason: 'both edited',
    overwritten: [],
    crmAuthor: null,
    owner: null,
    assignee: null,
    resolvedBy: null,
    changedAt: '2026-03-01T00:00:00.000Z',
    openedAt: '2025-01-02T03:04:05.678Z',
    closedAt: null,
    ...over,
  };
}

/** As it is exported. */
export function conflictDocumentOf(
  over: Partial<ConflictRow> = {},
  udeskAuthor: EditAuthor | null = null,
): ConflictDocument {
  return conflictDocument(conflictRow(over), udeskAuthor);
}
