/**
 * A group of people in whom everything happens that a sync has to carry over, and where that ends: on both sides, and in our
 * database. Each group has addresses and numbers of its own, so that one after another may live in one world.
 */
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { EVERY_SECOND, ourRows, type World, type WorldOptions } from '../../support/world.ts';

/** What both sides hold of a group, ids left out; a person a line. */
export interface Held {
  readonly udesk: readonly string[];
  readonly crm: readonly string[];
}

/** A world for groups of people, in which no guard holds anything: one other person is there from the start. */
export const WORLD: WorldOptions = {
  customers: [{ nick_name: 'Somebody', email: 'somebody@example.com' }],
  pair: {
    schedule: EVERY_SECOND,
    deletes: 'propagate',
    guards: '{ deletes: { max: 100000, share: 1 }, updates: { share: 1 }, creates: { perHour: 1000000 } }',
  },
};

/** Who are there before anything happens. */
export const NAMES = [
  'renamed',
  'noted',
  'merged',
  'disputed',
  'deleted',
  'removed',
  'giver',
  'taker',
] as const;

function people(g: number) {
  return NAMES.map((name) => ({
    nick_name: `${g} ${name}`,
    email: mail(g, name),
    ...(name === 'giver' ? { cellphones: [phone(g, 0)] } : {}),
  }));
}

/** Of a group, by its number there. */
function phone(g: number, n: number): string {
  return `139${String(g * 10 + n).padStart(8, '0')}`;
}

function mail(g: number, name: string): string {
  return `${name}.${g}@example.com`;
}

function customer({ simulator }: World, g: number, name: string) {
  const found = simulator.tenant.list().find(({ email }) => email === mail(g, name));
  if (found === undefined) throw new Error(`no customer ${name} of group ${g}`);
  return found;
}

/** They are there on both sides; then happens, unseen, one of everything that a sync has to carry over. */
export async function edit(world: World, g: number): Promise<void> {
  const { tenant } = world.simulator;
  for (const person of people(g)) tenant.create(person);
  await world.sync();
  const disputed = customer(world, g, 'disputed');
  tenant.edit(disputed.id, { nick_name: `${g} U` });
  await world.crm`update contact set name = ${`${g} C`} where emails @> ${[mail(g, 'disputed')]}`;
  await world.sync();
  const [open] = (await world.conflicts()).filter(({ state }) => state === 'open');
  const choice = { who: 'reviewer', take: 'value' as const, value: `${g} decided`, at: new Date() };
  await decideConflict(world.database.db, { conflictId: open?.id ?? '', ...choice });

  tenant.edit(customer(world, g, 'renamed').id, { nick_name: `${g} renamed in Udesk` });
  await world.crm`
    update contact set note = ${`${g} a note`}, emails = emails || ${[mail(g, 'noted.2')]}::text[]
    where emails @> ${[mail(g, 'noted')]}`;
  const merged = customer(world, g, 'merged');
  tenant.edit(merged.id, { other_emails: [mail(g, 'merged.u')] });
  await world.crm`update contact set emails = emails || ${[mail(g, 'merged.c')]}::text[]
    where emails @> ${[mail(g, 'merged')]}`;
  // A unique number changes hands: it is released before it is claimed.
  await world.crm`update contact set phones = '{}' where emails @> ${[mail(g, 'giver')]}`;
  await world.crm`update contact set phones = ${[phone(g, 0), phone(g, 1)]} where emails @> ${[mail(g, 'taker')]}`;
  // On either side somebody is deleted.
  tenant.delete(customer(world, g, 'deleted').id);
  await world.crm`delete from contact where emails @> ${[mail(g, 'removed')]}`;
  tenant.create({ nick_name: `${g} new in Udesk`, email: mail(g, 'new.u') });
  await world.insert({ name: `${g} new in the CRM`, emails: [mail(g, 'new.c')] });
}

export async function held(world: World, g: number): Promise<Held> {
  const mine = (addresses: readonly string[]) => addresses.some((one) => one.endsWith(`.${g}@example.com`));
  const udesk = world.simulator.tenant.list().flatMap((one) => {
    const emails = [one.email ?? '', ...(one.other_emails ?? []).map(addressOf)].sort();
    const phones = (one.cellphones ?? []).map(addressOf).sort();
    return mine(emails) ? [{ name: one.nick_name, emails, phones, note: one.description ?? null }] : [];
  });
  const crm = (await world.people()).flatMap(({ name, emails, phones, note }) =>
    mine(emails) ? [{ name, emails: [...emails].sort(), phones: [...phones].sort(), note }] : [],
  );
  const sorted = (list: typeof udesk | typeof crm) =>
    list.map((one) => JSON.stringify({ ...one, note: one.note || null })).sort();
  return { udesk: sorted(udesk), crm: sorted(crm) };
}

function addressOf(element: unknown): string {
  return typeof element === 'string' ? element : String((element as { content?: unknown }).content);
}

/** What our database holds of a group: who is linked, what both sides last agreed on, what was asked, and what is on its way. */
export async function ours(world: World, g: number): Promise<string[]> {
  const found = await ourRows(
    world,
    `select concat_ws(' ', l.state, l.udesk_id is not null, l.crm_id is not null,
         (select string_agg(concat_ws(' ', key, (value - 'accepted')::text), ' ' order by key) from jsonb_each(l.bases)),
         (select string_agg(concat_ws(' ', c.field, c.kind, c.state), ',' order by c.id) from udesk_sync.conflict c
          where c.pair = l.pair and c.link_id = l.id),
         (select string_agg(distinct i.state, ',') from udesk_sync.intent i
          where i.pair = l.pair and i.link_id = l.id and i.state not in ('settled', 'dropped'))) as link
       from udesk_sync.link l
       where exists (select 1 from udesk_sync.record r where r.pair = l.pair
         and r.remote_id = case r.side when 'udesk' then l.udesk_id else l.crm_id end
         and r.fields::text like '%.${g}@example.com%')`,
  );
  // Ids of elements are Udesk's own, and so is the number of a group.
  const plainly = (text: string) =>
    text
      .replace(/"id": (null|"\d+"), /g, '')
      .replaceAll(`.${g}@`, '.G@')
      .replaceAll(`"${g} `, '"G ')
      .replaceAll(phone(g, 0), 'phone 0')
      .replaceAll(phone(g, 1), 'phone 1');
  return found.map(({ link }) => plainly(String(link))).sort();
}

/** Where an uninterrupted run ends, on both sides. */
export function end(g: number): Held {
  const one = (
    name: string,
    names: readonly string[],
    { note = null, phones = [] }: { note?: string | null; phones?: readonly string[] } = {},
  ) => JSON.stringify({ name: `${g} ${name}`, emails: names.map((n) => mail(g, n)).sort(), phones, note });
  const all = [
    one('renamed in Udesk', ['renamed']),
    one('noted', ['noted', 'noted.2'], { note: `${g} a note` }),
    one('giver', ['giver']),
    one('taker', ['taker'], { phones: [phone(g, 0), phone(g, 1)] }),
    one('merged', ['merged', 'merged.u', 'merged.c']),
    one('decided', ['disputed']),
    one('new in Udesk', ['new.u']),
    one('new in the CRM', ['new.c']),
  ].sort();
  return { udesk: all, crm: all };
}
