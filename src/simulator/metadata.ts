/** Answers about the tenant itself: saved filters and custom field definitions (udesk/api.md §2 C6-C8, §4 F1-F4). */
import { type Directory, FILTERS, type FieldDefinition } from './directory.ts';
import { type IdForm, idJson } from './ids.ts';

export function filtersMember(ids: IdForm): string {
  const rows = FILTERS.map(
    (filter) => `{"id":${idJson(filter.id, ids)},"name":${JSON.stringify(filter.name)},"active":true}`,
  );
  return `"customer_filters":[${rows.join(',')}]`;
}

/** F1 as the vendor page has it; F2 as the copy before it: other keys, "" for no options. */
export function oldCustomFieldsMember(fields: readonly FieldDefinition[], form: 'f1' | 'f2'): string {
  const rows = fields.map((field, sort) => {
    const common = {
      id: field.id,
      title: field.title,
      comment: '',
      content_type: field.type,
      requirement: field.required === true,
    };
    if (form === 'f2') {
      const options = field.options ?? (field.type === 'text' ? '' : undefined);
      return { ...common, name: field.name, agent_permission: 2, customer_permission: 3, sort, options };
    }
    const options = field.options === null ? {} : { options: field.options };
    return {
      ...common,
      custom_field_name: field.name,
      agent_permission: 1,
      customer_permission: 0,
      ...options,
    };
  });
  return `"${form === 'f2' ? 'customer_custom_fields' : 'custom_fields'}":${JSON.stringify(rows)}`;
}

/** F3: misspelled keys, and options as positions with labels. */
export function organizationFieldsMember(fields: readonly FieldDefinition[]): string {
  const rows = fields.map((field) => ({
    id: field.id,
    field_name: field.name,
    field_title: field.title,
    content_type: field.type,
    comment: '',
    options: field.options?.map((title, at) => ({ [at]: [title] })) ?? null,
    permission: 3,
    requirment: field.required === true,
  }));
  return `"custom_fields":${JSON.stringify(rows)}`;
}

/** F4. An unknown category silently means ticket (api.md §9), and this tenant has no ticket fields. */
export function customFieldsMember(directory: Directory, category: string): string {
  const known: Readonly<Record<string, readonly FieldDefinition[]>> = {
    customer: directory.customFields,
    organization: directory.organizationFields,
  };
  const fields = Object.hasOwn(known, category) ? (known[category] ?? []) : [];
  const rows = fields.map((field) => ({
    id: field.id,
    field_name: field.name,
    field_label: field.title,
    content_type: field.type,
    comment: '',
    options: (field.options ?? []).map((title, at) => ({
      title,
      value: field.values?.[at] ?? String(at),
      default: false,
      is_hide: false,
      subs: null,
    })),
    customer_permission: 'none',
    agent_permission: 'write',
  }));
  return `"fields":${JSON.stringify(rows)}`;
}
