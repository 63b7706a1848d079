/** Step 4: people edit both sides while the daemon runs, and every edit is timed until the other side shows it. */
import { sleep } from '../lib/sleep.ts';
import type { CustomerView } from '../simulator/handle.ts';
import { CAST } from './cast.ts';
import { type Arrival, type Facts, SECONDS_LIMIT_MS } from './claims.ts';
import type { Contact } from './crm-table.ts';
import type { Stage } from './stage.ts';

const LOOK_EVERY_MS = 20;
/** After this an edit counts as lost; a slow one is still reported with its time. */
const PATIENCE_MS = 2 * SECONDS_LIMIT_MS;
const NEW_EMAIL = 'maria.nova@cast.example';
/** Neither e-mail nor phone: only the marker can tell that this customer was created already. */
const UNREACHABLE = '无联系方式 (no e-mail, no phone)';

export type LiveFacts = Pick<Facts, 'arrivals' | 'crossing' | 'fourthEmail' | 'phone' | 'lostReply'> & {
  /** Contents that a person changed on purpose. */
  readonly edited: ReadonlySet<string>;
};

export async function liveEdits(stage: Stage): Promise<LiveFacts> {
  const { show, words, simulator, crm } = stage;
  const { tenant } = simulator;
  const say = words.edits;
  show.step(4, words.steps.live);
  const crossing = { name: '王芳 (Udesk)', note: '改约周五 moved to Friday' };
  const [added, newPhone] = ['zhao@new.example', '13900019999'];
  const emailsBefore = customer(stage, CAST.fourEmails).other_emails;
  const phonesBefore = customer(stage, CAST.phoneEdited).cellphones;
  const oldPhone = phonesBefore[1]?.content ?? '';

  const arrivals = await Promise.all([
    time(stage, say.renamed, async () => {
      tenant.edit(customer(stage, CAST.renamed).id, { nick_name: '陈静静' });
      return async () => (await contact(stage, CAST.renamed)).name === '陈静静';
    }),
    time(stage, say.noted, async () => {
      await crm.sql`update contact set note = 'call back on Monday' where ${CAST.noted} = any(emails)`;
      return () => customer(stage, CAST.noted).description === 'call back on Monday';
    }),
    time(stage, say.crossingName, async () => {
      tenant.edit(customer(stage, CAST.crossing).id, { nick_name: crossing.name });
      return async () => (await contact(stage, CAST.crossing)).name === crossing.name;
    }),
    time(stage, say.crossingNote, async () => {
      await crm.sql`update contact set note = ${crossing.note} where ${CAST.crossing} = any(emails)`;
      return () => customer(stage, CAST.crossing).description === crossing.note;
    }),
    time(stage, say.fourthEmail, async () => {
      await crm.sql`update contact set emails = emails || ${added}::text where ${CAST.fourEmails} = any(emails)`;
      return () => customer(stage, CAST.fourEmails).other_emails.some(({ content }) => content === added);
    }),
    time(stage, say.phone, async () => {
      await crm.sql`
        update contact set phones = array_replace(phones, ${oldPhone}, ${newPhone}) where ${CAST.phoneEdited} = any(emails)`;
      return () => customer(stage, CAST.phoneEdited).cellphones.some(({ content }) => content === newPhone);
    }),
    time(stage, say.created, async () => {
      tenant.create({ nick_name: 'María Nova', email: NEW_EMAIL, cellphones: ['13900010007'] });
      return async () => (await crm.byEmail(NEW_EMAIL)) !== null;
    }),
  ]);
  const lost = await loseReply(stage);
  const [inUdesk, inCrm] = [customer(stage, CAST.crossing), await contact(stage, CAST.crossing)];
  return {
    arrivals: [...arrivals, lost.arrival],
    crossing: {
      wanted: [crossing.name, crossing.note],
      udesk: [inUdesk.nick_name, inUdesk.description ?? ''],
      crm: [inCrm.name ?? '', inCrm.note ?? ''],
    },
    fourthEmail: {
      before: emailsBefore,
      after: customer(stage, CAST.fourEmails).other_emails,
      added,
    },
    phone: {
      before: phonesBefore,
      after: customer(stage, CAST.phoneEdited).cellphones,
      from: oldPhone,
      to: newPhone,
    },
    lostReply: lost.facts,
    edited: new Set([oldPhone]),
  };
}

/** A new contact whose customer is created, and whose answer never comes: the next look must find it, not make another. */
async function loseReply(stage: Stage): Promise<{ arrival: Arrival; facts: Facts['lostReply'] }> {
  const { simulator, crm, words } = stage;
  const created = () =>
    simulator.log.filter(({ method, path }) => method === 'POST' && path.endsWith('/customers'));
  const before = created().length;
  const namesakes = () => simulator.tenant.list().filter(({ nick_name }) => nick_name === UNREACHABLE);
  const linkedTo = async () => {
    const [contact] = await crm.sql<
      { id: string }[]
    >`select id::text from contact where name = ${UNREACHABLE}`;
    const [link] = await stage.runtime.database.sql<{ udesk_id: string | null }[]>`
      select udesk_id from udesk_sync.link where state = 'confirmed' and crm_id = ${contact?.id ?? ''}`;
    return link?.udesk_id ?? null;
  };
  simulator.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'POST', path: '/customers' } });
  const arrival = await time(stage, words.edits.lostReply, async () => {
    await crm.add([
      {
        name: UNREACHABLE,
        emails: [],
        phones: [],
        tier: null,
        industry: null,
        note: '回复丢失 the reply is lost',
      },
    ]);
    return async () => (await linkedTo()) !== null;
  });
  const sent = created().slice(before);
  const [customer] = namesakes();
  return {
    arrival,
    facts: {
      dropped: sent.filter(({ faults, committed }) => committed && faults.includes('reset-after-commit'))
        .length,
      sent: sent.length,
      customers: namesakes().length,
      linked: customer !== undefined && (await linkedTo()) === customer.id,
    },
  };
}

/** Makes an edit, and waits for what it returns to hold. */
export async function time(
  stage: Stage,
  what: string,
  edit: () => Promise<() => boolean | Promise<boolean>>,
): Promise<Arrival> {
  const { show, words, context } = stage;
  const arrived = await edit();
  const start = performance.now();
  const ms = (await waitFor(arrived, context.signal)) ? performance.now() - start : null;
  show.mark(ms !== null, words.arrival(what, ms));
  return { what, ms };
}

/** False when it did not come to hold in time. */
export async function waitFor(
  holds: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await sleep(LOOK_EVERY_MS, signal);
  }
  return true;
}

/** One of the cast as Udesk holds it. */
export function customer({ simulator }: Stage, email: string): CustomerView {
  const found = simulator.tenant.find('email', email);
  if (found === null) throw new Error(`${email} is not in Udesk`);
  return found;
}

/** One of the cast as the CRM holds it. */
export async function contact({ crm }: Stage, email: string): Promise<Contact> {
  const found = await crm.byEmail(email);
  if (found === null) throw new Error(`${email} is not in the CRM`);
  return found;
}
