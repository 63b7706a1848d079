/** What a callback says: the object on create, a diff on update, the id on destroy (udesk/api.md §8.2). */
import { type IdForm, idJson } from './ids.ts';
import { customerMembers, type Shape } from './shapes.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';
import type { TenantEvent } from './tenant-events.ts';

/** The clean form of the second generation. */
const CLEAN: Omit<Shape, 'ids'> = {
  emails: 'p1',
  otherEmails: 'o1',
  cellphones: 'k1',
  organization: 'g2',
  tags: 't1',
};

/** Null when nothing changed that a callback shows. */
export function messageOf(
  event: TenantEvent,
  tenant: Tenant,
  switches: Switches,
): { action: string; message: string } | null {
  const form = switches.get('shape.ids');
  const ids: IdForm = form === 'big' || form === 'string' ? form : 'int';
  const membersOf = (of: 'before' | 'after'): readonly string[] => {
    if (event.object === 'Customer') {
      const customer = event[of];
      return customer === null ? [] : customerMembers(customer, 'list', { ...CLEAN, ids }, tenant);
    }
    const object = event[of];
    if (object === null) return [];
    const { id, ...rest } = object;
    const others = Object.entries(rest).map(([name, value]) => `"${name}":${JSON.stringify(value ?? null)}`);
    return [`"id":${idJson(id, ids)}`, ...others];
  };
  const action = `${event.object}_${event.type}`;
  const id = (event.after ?? event.before)?.id ?? 0;
  const idMember = `"id":${idJson(id, ids)}`;
  if (event.type === 'destroy') return { action, message: `{${idMember}}` };
  const after = membersOf('after');
  if (event.type === 'create') return { action, message: `{${after.join(',')}}` };

  const old = new Map(membersOf('before').map(split));
  const format = switches.get('webhook.update_format');
  const changes = after.map(split).filter(([name, value]) => old.get(name) !== value);
  if (changes.length === 0) return null;
  if (format === 'full') return { action, message: `{${after.join(',')}}` };
  const written = changes.map(([name, value]) =>
    format === 'new' ? `"${name}":${value}` : `"${name}":[${old.get(name) ?? 'null'},${value}]`,
  );
  return { action, message: `{${idMember},"changes":{${written.join(',')}}}` };
}

/** `"name":value` */
function split(member: string): [name: string, value: string] {
  const at = member.indexOf(':');
  return [member.slice(1, at - 1), member.slice(at + 1)];
}
