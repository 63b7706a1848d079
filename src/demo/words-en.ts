/** The demo in English. Functions get the figures; nothing here decides anything. */
import type { ItemView } from '../simulator/handle.ts';
import type { WriteCount } from './claims.ts';
import type { Comparison } from './compare.ts';

interface Counts {
  readonly creates: { readonly udesk: number; readonly crm: number };
  readonly updates: { readonly udesk: number; readonly crm: number };
  readonly held: number;
}

const list = (items: readonly ItemView[]) => items.map(({ id, content }) => `${id} ${content}`).join(', ');

export const english = {
  title:
    'udesk-sync demo: a simulated Udesk and a CRM in a Postgres table, kept in step both ways.\nEverything runs on this machine, and everybody in it is invented.',
  steps: {
    start: 'Start',
    firstRun: 'First run: match and report, write nothing',
    accept: 'The report is accepted: one cycle, and both sides agree',
    live: 'The daemon runs, and people edit both sides',
    conflict: 'One real conflict: the same field, two values',
    claims: 'What was claimed, and the check behind it',
  },
  postgres: (description: string, dataDir: string, seconds: number) =>
    `${description.split(',')[0]}, started for this demo in ${dataDir} (${seconds.toFixed(1)} s)`,
  tenant: (customers: number, url: string) =>
    `a simulated Udesk tenant at ${url}: ${customers} customers, answers in mixed shapes, signatures and quota enforced`,
  crm: (contacts: number) =>
    `a CRM: the table "contact" in another database, with ${contacts} people. Customers and contacts are:`,
  groups: {
    same: 'the same on both sides',
    'written differently': 'the same, written differently (+86, capitals, order)',
    'more in the CRM': 'known to both; the CRM has an address, a number or a note more',
    'more in Udesk': 'known to both; Udesk has more',
    'different on both sides': 'known to both, with different names or notes: a person must decide',
    'decided by policy': 'known to both, with different industries: the policy says that the CRM wins',
    ambiguous:
      'times it is not clear who is who (one e-mail here, another phone there; one phone, two contacts)',
    'only in Udesk': 'only in Udesk',
    'only in the CRM': 'only in the CRM',
  },
  side: { udesk: 'Udesk', crm: 'CRM' },
  columns: {
    side: 'write to',
    record: 'record',
    field: 'field',
    before: 'now',
    after: 'then',
    why: 'why',
    question: 'question',
    customers: 'customers',
    contacts: 'contacts',
    conflict: 'conflict',
    customer: 'customer',
    contact: 'contact',
    kind: 'kind',
    base: 'last agreed',
    value: 'value',
    since: 'changed or seen at',
  },
  read: (udesk: number, crm: number) => `read ${udesk} customers from Udesk and ${crm} contacts from the CRM`,
  found: (linked: number, questions: number) =>
    `${linked} people are on both sides; ${questions} questions of identity are left to a person`,
  wouldWrite: ({ creates, updates, held }: Counts) =>
    `it would create ${creates.udesk} customers and ${creates.crm} contacts, update ${updates.udesk} customers and ${updates.crm} contacts, and hold ${held} fields as conflicts; for example:`,
  newRecord: '(new)',
  more: (count: number) => `… and ${count} more`,
  questions: (count: number) => `${count} questions, never guessed:`,
  nothingWritten:
    'nothing was written to either side; a person looks at this and accepts it (sync --accept-first-plan)',
  written: ({ creates, updates }: Counts, settled: number) =>
    `created ${creates.udesk} customers and ${creates.crm} contacts, updated ${updates.udesk} customers and ${updates.crm} contacts: ${settled} writes, each verified`,
  conflicts: (count: number) =>
    `${count} fields differ and wait for a person, while the rest of these people goes on:`,
  again: (udesk: number, crm: number) =>
    `one more cycle: ${udesk} write requests to Udesk, ${crm} rows written in the CRM`,
  edits: {
    renamed: 'Udesk → CRM   a name is changed',
    noted: 'CRM → Udesk   a note is changed',
    crossingName: 'Udesk → CRM   a name, whose note is changed in the CRM at the same moment',
    crossingNote: 'CRM → Udesk   that note',
    fourthEmail: 'CRM → Udesk   a fourth further e-mail address',
    phone: 'CRM → Udesk   one of two phone numbers is changed',
    created: 'Udesk → CRM   a new customer',
    lostReply: 'CRM → Udesk   a new contact; the reply to its creation is lost on the way',
  },
  arrival: (what: string, ms: number | null) =>
    `${ms === null ? 'never' : `${(ms / 1000).toFixed(1)} s`.padStart(5)}  ${what}`,
  conflictOf: (id: string, field: string, customer: string, contact: string) =>
    `conflict ${id}: field ${field} of customer ${customer} and contact ${contact}`,
  decide: (command: string) => `a person decides for the CRM's value, as this command does: ${command}`,
  result: (claims: number, failed: number, seconds: number) =>
    failed === 0
      ? `all ${claims} claims held, ${seconds.toFixed(0)} s after the start`
      : `${failed} of ${claims} claims did not hold, ${seconds.toFixed(0)} s after the start`,
  kept: (dataDir: string) => `the database was left in ${dataDir}`,
  ending: 'stopping: the cycle under way is finished, then the database is stopped and removed',
  newConflict: (at: string, id: string, field: string, udesk: string, crm: string) =>
    `${at}  conflict ${id} on ${field}: "${udesk}" in Udesk, "${crm}" in the CRM`,
  failing: (reason: string) => `a cycle failed and is tried again: ${reason}`,
  arrived: (at: string, side: 'udesk' | 'crm', op: string, id: string, fields: string) =>
    `${at}  ${side === 'udesk' ? 'CRM → Udesk' : 'Udesk → CRM'}  ${op} ${side === 'udesk' ? 'customer' : 'contact'} ${id}: ${fields}`,
  invitation: {
    title: 'It is running now. From another terminal, in this folder:',
    udesk: 'edit a customer in Udesk (the control interface of the simulator):',
    crm: 'edit the CRM:',
    psql: (file: string) => `  (or psql with the address under crm.url in ${file})`,
    review: 'review, in a browser or here:',
    addresses: 'health page, simulated Udesk, its control interface:',
    end: 'What arrives on a side is printed here. Ctrl-C ends it.',
  },
  claims: {
    firstRunWritesNothing: 'The first run writes nothing before a person has accepted it',
    writes: (before: WriteCount, after: WriteCount) =>
      `write requests at Udesk: ${before.udesk} before, ${after.udesk} after; row versions in the CRM: ${before.crm} before, ${after.crm} after`,
    matching: 'Everybody who is on both sides was recognised, and who is who was never guessed',
    matched: (linked: number, wantedLinks: number, questions: number, wantedQuestions: number) =>
      `linked ${linked} of ${wantedLinks} people, ${questions} questions where ${wantedQuestions} were planted`,
    samePlan: 'What was written is exactly the plan that was shown',
    hashes: (one: string, two: string) =>
      `hash of the plan shown: ${one.slice(0, 16)}, executed: ${two.slice(0, 16)}`,
    differencesHeld: 'Fields in which both sides differ wait for a person, one row each',
    conflictsOpen: (open: number, wanted: number) =>
      `${open} open conflicts where ${wanted} differences were planted`,
    sidesAgree: 'After one cycle both sides agree',
    compared: ({ people, fields, equal, held, asked, problems }: Comparison) =>
      `compared ${fields} fields of ${people} people without the engine: ${equal} equal, ${held} held in a conflict, ${problems.length} otherwise; ${asked} records wait for an answer about who they are`,
    noEcho: 'A further cycle writes nothing',
    editsCross: 'Edits on both sides arrive within seconds',
    arrived: (arrived: number, edits: number, slowestMs: number) =>
      `${arrived} of ${edits} edits arrived, the slowest after ${(slowestMs / 1000).toFixed(1)} s`,
    bothSurvive: 'Different fields of one person, edited on two sides at once: both survive',
    holds: (udesk: readonly string[], crm: readonly string[]) =>
      `Udesk holds ${udesk.join(' | ')}; the CRM holds ${crm.join(' | ')}`,
    fourthEmail: 'A fourth further e-mail is added, and the other three keep their ids',
    elements: (before: readonly ItemView[], after: readonly ItemView[]) =>
      `before: ${list(before)}; after: ${list(after)}`,
    phoneInPlace: 'A phone edited in the CRM changes in Udesk in place, under its old id',
    lostReply: 'The reply to a create is lost: one customer, not two',
    lost: (dropped: number, sent: number, customers: number) =>
      `replies dropped after the commit: ${dropped}; creates sent: ${sent}; customers of that name: ${customers}`,
    oneConflict:
      'One field edited on both sides is one conflict, with the last agreed value and both new ones',
    conflictRow: (rows: number, values: { base: string; udesk: string; crm: string } | null) =>
      `${rows} open row${values === null ? '' : `: last agreed "${values.base}", Udesk "${values.udesk}", CRM "${values.crm}"`}`,
    nothingOverwritten: 'While it is open nothing is overwritten, and the rest of that person flows on',
    stillHeld: (held: { udesk: string; crm: string }, restFlowed: boolean) =>
      `Udesk still holds "${held.udesk}", the CRM "${held.crm}"; its note ${restFlowed ? 'arrived' : 'did not arrive'}`,
    resolved: 'The decision reaches both sides and closes the conflict',
    decided: ({ state, udesk, crm }: { state: string; udesk: string; crm: string }) =>
      `conflict is ${state}; Udesk holds "${udesk}", the CRM "${crm}"`,
    nothingLost: 'No customer lost an e-mail or a phone, and none got a new id',
    keptElements: ({ elements, lost, newIds }: { elements: number; lost: number; newIds: number }) =>
      `of ${elements} addresses and numbers at the start ${lost} are gone, ${newIds} have another id`,
    agreeAtEnd: 'After all of this both sides agree',
    quietAtEnd: 'And the daemon, with nothing to do, writes nothing',
    nothingParked: 'No record had to be set aside',
    parked: (count: number) => `${count} parked`,
    quotaKept: (perMinute: number) => `No sliding minute had more than ${perMinute} calls to Udesk`,
    busiest: (busiest: number, refused: number) =>
      `busiest 60 s in the simulator's log: ${busiest} calls; refused by it: ${refused}`,
  },
};
