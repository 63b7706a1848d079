/** Answers about the tenant itself: saved filters and custom field definitions (udesk/api.md §2 C6-C8, §4 F1 and F4). */
import { CUSTOM_FIELDS, FILTERS } from './directory.ts';
import { type IdForm, idJson } from './ids.ts';

export function filtersMember(ids: IdForm): string {
  const rows = FILTERS.map(
    (filter) => `{"id":${idJson(filter.id, ids)},"name":${JSON.stringify(filter.name)},"active":true}`,
  );
  return `"customer_filters":[${rows.join(',')}]`;
}

export function oldCustomFieldsMember(): string {
  const rows = CUSTOM_FIELDS.map((field) => ({
    id: field.id,
    agent_permission: 1,
    customer_permission: 0,
    custom_field_name: field.name,
    title: field.title,
    comment: '',
    content_type: field.type,
    ...(field.options ? { options: field.options } : {}),
    requirement: false,
  }));
  return `"custom_fields":${JSON.stringify(rows)}`;
}

/** An unknown category silently means ticket (api.md §9), and this tenant has no ticket fields. */
export function customFieldsMember(category: string): string {
  const rows = (category === 'customer' ? CUSTOM_FIELDS : []).map((field) => ({
    id: field.id,
    field_name: field.name,
    field_label: field.title,
    content_type: field.type,
    comment: '',
    options: (field.options ?? []).map((title, value) => ({ title, value: String(value), is_hide: false })),
    customer_permission: 'none',
    agent_permission: 'write',
  }));
  return `"fields":${JSON.stringify(rows)}`;
}
