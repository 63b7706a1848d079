/** Calls about the tenant's own settings: definitions of custom fields, and saved filters (udesk/api.md §2 C6–C8). */
import { isSyncError } from '../errors.ts';
import { list } from './calls.ts';
import { type CustomFieldMeta, decodeCustomFields, FIELD_LIST_KEYS, withRequired } from './custom-fields.ts';
import { decodeFilters, type SavedFilter } from './directory.ts';
import type { DecodedList } from './element.ts';
import type { Transport } from './transport.ts';

export interface CustomFields extends DecodedList<CustomFieldMeta> {
  /** Which call answered: option values are the vendor's own only in the second generation. */
  readonly generation: 'second' | 'first';
}

export interface MetadataCalls {
  /**
   * Second generation first, completed with what only the first one says (`required`); the first one alone where the
   * tenant does not know the second. Two calls.
   */
  customFields(category: 'customer' | 'organization', signal?: AbortSignal): Promise<CustomFields>;
  filters(signal?: AbortSignal): Promise<DecodedList<SavedFilter>>;
}

export function createMetadataCalls(transport: Transport): MetadataCalls {
  return {
    async customFields(category, signal) {
      const older = async () => {
        const path = category === 'customer' ? 'customers/custom_fields' : 'organizations/custom_fields';
        const page = await list(transport, { path, signal }, ...FIRST_KEYS);
        return decodeCustomFields(page.rows);
      };
      try {
        const query = { category };
        const page = await list(transport, { path: 'custom_fields', query, signal }, ...FIELD_LIST_KEYS);
        const newer = decodeCustomFields(page.rows);
        const first = await older().catch((error: unknown) => {
          if (!isUnknownCall(error)) throw error;
          return { items: [], dropped: [] };
        });
        return { ...newer, items: withRequired(newer.items, first.items), generation: 'second' };
      } catch (error) {
        if (!isUnknownCall(error)) throw error;
        return { ...(await older()), generation: 'first' };
      }
    },
    async filters(signal) {
      const page = await list(
        transport,
        { path: 'customers/filters', signal },
        'customer_filters',
        'filters',
      );
      return decodeFilters(page.rows);
    },
  };
}

const FIRST_KEYS = [
  'custom_fields',
  'customer_custom_fields',
  'organization_custom_fields',
  'fields',
] as const;

/** A tenant that does not have the call: HTTP 404, a code that nobody knows, or another kind of answer. */
function isUnknownCall(error: unknown): boolean {
  if (isSyncError(error, 'config')) return error.details.code === 'http-404';
  return isSyncError(error, 'contract');
}
