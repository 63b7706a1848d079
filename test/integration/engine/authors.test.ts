/** Who changed what, on both sides: from Udesk's feeds, and from what the CRM tells of its records. */
import { afterEach, describe, expect, test } from 'vitest';
import { authorKind } from '../../../src/core/conflict-pattern.ts';
import { conflictDocuments } from '../../../src/report/conflict-document.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const CRM = ['table: contact', 'externalId: udesk_id', 'updatedAt: updated_at', 'author: { name: editor }'];
const ANN = { nick_name: 'Ann', email: 'ann@example.com', cellphones: ['13700000001'] };
const TOM = { id: 8, nick_name: 'Tom' };

const idOf = (email: string) => world.simulator.tenant.find('email', email)?.id ?? '';
const authors = async () => {
  const [conflict] = await conflictDocuments(world.database.db, await world.conflicts());
  return conflict?.authors;
};
/** What the mirror saw of the CRM's changes and who made them, oldest first. */
const seen = () =>
  ourRows(
    world,
    `select field, new, who, last_changed_by as last from report.customer_history
     where side = 'crm' and observation_id is not null order by observation_id, field`,
  );
const inCrm = (sets: string) => world.crm.unsafe(`update contact set ${sets}`);

describe('P12: a conflict names both people', () => {
  test('who edited one field at the same time in the CRM and in Udesk', async () => {
    world = await createWorld({ customers: [ANN], crm: CRM });
    await world.sync();

    await inCrm(`note = 'from the CRM', editor = '王芳'`);
    world.simulator.tenant.edit(idOf('ann@example.com'), { description: 'from Udesk' }, TOM);
    await world.sync({ readFeeds: true });
    await world.sync({ readFeeds: true });

    const [conflict] = await world.conflicts();
    expect(conflict).toMatchObject({ field: 'description', kind: 'edit/edit', state: 'open' });
    expect(await authors()).toMatchObject({
      udesk: { name: 'Tom', knownBy: 'history', at: expect.stringMatching(/Z$/) },
      crm: { name: '王芳', knownBy: 'field', at: expect.stringMatching(/Z$/) },
    });
    expect(
      await ourRows(world, 'select authors, crm_changed_by, crm_changed_by_known from report.conflict'),
    ).toEqual([{ authors: ['Tom', '王芳'], crm_changed_by: '王芳', crm_changed_by_known: 'field' }]);
    expect(await ourRows(world, 'select pattern from udesk_sync.conflict')).toMatchObject([
      { pattern: expect.stringMatching(/^v1\.person\..*\.crm-person$/) },
    ]);
  });

  test('of several fields that changed at once it is said of the record, and not of the field', async () => {
    world = await createWorld({ customers: [ANN], crm: CRM });
    await world.sync();

    await inCrm(`note = 'from the CRM', industry = 'steel', editor = '王芳'`);
    world.simulator.tenant.edit(idOf('ann@example.com'), { description: 'from Udesk' }, TOM);
    await world.sync();

    expect((await authors())?.crm).toMatchObject({ name: '王芳', knownBy: 'record' });
    expect(await seen()).toEqual([
      { field: 'industry', new: 'steel', who: null, last: '王芳' },
      { field: 'note', new: 'from the CRM', who: null, last: '王芳' },
    ]);
    expect(await ourRows(world, 'select pattern from udesk_sync.conflict')).toMatchObject([
      { pattern: expect.not.stringContaining('crm-') },
    ]);
  });

  test('of a first link the CRM names whoever had touched the record last, unless that was us', async () => {
    world = await createWorld({ crm: CRM, people: [{ name: 'Anna', emails: ['ann@example.com'] }] });
    await inCrm(`editor = 'Wu'`);
    world.simulator.tenant.create(ANN);
    await world.sync();

    expect((await world.conflicts()).map(({ kind }) => kind)).toEqual(['first-link']);
    expect((await authors())?.crm).toMatchObject({ name: 'Wu', knownBy: 'record' });
  });
});

describe('our own writes', () => {
  test('are named as ours, and never as the edit of the person before', async () => {
    world = await createWorld({ customers: [ANN], crm: CRM });
    await world.sync();
    expect(await world.crm`select editor from contact`).toMatchObject([{ editor: 'udesk-sync' }]);
    await inCrm(`note = 'hers', editor = '王芳'`);
    await world.sync();

    world.simulator.tenant.edit(idOf('ann@example.com'), { nick_name: 'Anna' }, TOM);
    await world.sync();
    await world.sync();

    expect(await world.crm`select name, editor from contact`).toMatchObject([
      { name: 'Anna', editor: 'udesk-sync' },
    ]);
    expect(await seen()).toEqual([
      { field: 'note', new: 'hers', who: '王芳', last: '王芳' },
      { field: 'name', new: 'Anna', who: 'udesk-sync', last: null },
    ]);
    expect(authorKind('udesk-sync', new Set())).toBe('automation');
  });

  test('hide nobody: what was edited unseen before a write of ours has no author, and not ours', async () => {
    world = await createWorld({ customers: [ANN], crm: CRM });
    await world.sync();
    // Seen only after a write of the same login: somebody edited, and we were last.
    await inCrm(`note = 'somebody', editor = 'udesk-sync'`);
    await world.sync();

    expect(await seen()).toEqual([{ field: 'note', new: 'somebody', who: null, last: null }]);
  });
});

test('a table that keeps no authors is read as ever, and nobody is named', async () => {
  world = await createWorld({ customers: [ANN] });
  await world.sync();
  await inCrm(`note = 'from the CRM', editor = '王芳'`);
  world.simulator.tenant.edit(idOf('ann@example.com'), { description: 'from Udesk' }, TOM);
  await world.sync();

  expect((await authors())?.crm).toBeNull();
  expect(
    await ourRows(world, 'select distinct last_edit, author from udesk_sync.record, udesk_sync.observation'),
  ).toEqual([{ last_edit: null, author: null }]);
});
