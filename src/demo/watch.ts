/** After the first round: the daemon goes on, and whatever arrives on a side is printed, until Ctrl-C. */
import { showValue } from '../cli/show-value.ts';
import type { Patch, SideName } from '../core/record.ts';
import type { CycleReport } from '../engine/cycle.ts';
import { listConflicts } from '../store/conflicts.ts';
import { fromJsonb } from '../store/jsonb.ts';
import { CAST } from './cast.ts';
import type { Daemon } from './daemon.ts';
import { contact, customer } from './live-edits.ts';
import type { Stage } from './stage.ts';

/** Resolves when the person ends the demo; rejects when the daemon cannot go on. */
export async function watch(stage: Stage, daemon: Daemon): Promise<void> {
  const { context, words, show } = stage;
  const known = { conflict: (await openConflicts(stage, '0')).at(-1)?.id ?? '0', failing: false };
  let printing = Promise.resolve();
  const print = async (report: CycleReport) => {
    if ((report.push?.settled ?? 0) > 0) await printArrivals(stage, Number(report.runId));
    for (const { id, field, udesk, crm } of await openConflicts(stage, known.conflict)) {
      show.line(words.newConflict(now(), id, field, showValue(udesk), showValue(crm)));
      known.conflict = id;
    }
  };
  const end = daemon.onCycle((report) => {
    printing = printing.then(() => print(report)).catch(() => {});
  });
  const look = setInterval(() => {
    const failing = daemon.health.failures > 0;
    if (failing && !known.failing) show.mark(false, words.failing(daemon.health.lastError ?? ''));
    known.failing = failing;
  }, 500);
  await printInvitation(stage, daemon);
  try {
    await Promise.race([daemon.running, aborted(context.signal)]);
    await printing;
  } finally {
    clearInterval(look);
    end();
  }
}

/** What a person can do now, with commands that can be copied. */
async function printInvitation(stage: Stage, daemon: Daemon): Promise<void> {
  const { show, words, simulator, place } = stage;
  const someone = customer(stage, CAST.renamed);
  const contactId = (await contact(stage, CAST.renamed)).id;
  show.line();
  show.title(words.invitation.title);
  show.line(words.invitation.udesk);
  show.line(`  curl -X PATCH ${simulator.controlUrl}/customers/${someone.id} -d '{"nick_name":"Jing Chen"}'`);
  show.line(words.invitation.crm);
  show.line(`  npm run demo -- --sql "update contact set note = 'hello' where id = ${contactId}"`);
  show.line(words.invitation.psql(place.configFile));
  show.line(words.invitation.review);
  show.line(`  ${daemon.url.replace(/\/$/, '')}/conflicts`);
  for (const command of [
    'conflicts list',
    'conflicts resolve ID --take crm',
    'links list --state candidate',
    'status',
  ]) {
    show.line(`  ${place.cli} ${command}`);
  }
  show.line(words.invitation.addresses);
  show.line(`  ${daemon.url.replace(/\/$/, '')}/readyz   ${simulator.url}   ${simulator.controlUrl}`);
  show.line(words.invitation.end);
  show.line();
}

/** What one cycle wrote, in the words of the outbox. */
async function printArrivals({ runtime, show, words }: Stage, runId: number): Promise<void> {
  const written = await runtime.database.sql<
    { side: SideName; op: string; udesk_id: string | null; crm_id: string | null; patch: string }[]
  >`
    select i.side, i.op, l.udesk_id, l.crm_id, i.patch::text as patch
    from udesk_sync.intent i join udesk_sync.link l on l.pair = i.pair and l.id = i.link_id
    where i.run_id = ${runId} and i.state = 'settled' order by i.id limit 20`;
  for (const { side, op, udesk_id, crm_id, patch } of written) {
    const id = (side === 'udesk' ? udesk_id : crm_id) ?? '';
    const fields = Object.entries(fromJsonb<Patch>(patch)).map(
      ([name, { after }]) => `${name} = ${showValue(after)}`,
    );
    show.mark(true, words.arrived(now(), side, op, id, fields.join(', ')));
  }
}

async function openConflicts({ runtime }: Stage, afterId: string) {
  return await listConflicts(runtime.engine.db, { states: ['open'], afterId, limit: 1000 });
}

function now(): string {
  return new Date().toTimeString().slice(0, 8);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
