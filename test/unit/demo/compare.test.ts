import { describe, expect, test } from 'vitest';
import { comparePeople, type Waiting } from '../../../src/demo/compare.ts';
import type { Contact } from '../../../src/demo/crm-table.ts';
import type { CustomerView } from '../../../src/simulator/handle.ts';

const NOTHING: Waiting = { conflicts: [], questions: [] };

const customer: CustomerView = {
  id: '11',
  nick_name: 'Li Lei',
  email: 'li@example.com',
  other_emails: [{ id: '1', content: 'lei@example.com' }],
  cellphones: [{ id: '2', content: '13800000001' }],
  level: 'vip',
  description: 'a note',
  tags: [],
  owner_id: null,
  owner_group_id: null,
  organization_id: null,
  custom_fields: { TextField_2: '教育' },
  open_api_token: null,
  is_blocked: false,
  platform: '',
};
const contact: Contact = {
  id: '7',
  name: 'Li Lei',
  emails: ['li@example.com', 'lei@example.com'],
  phones: ['13800000001'],
  tier: 'gold',
  industry: '教育',
  note: 'a note',
  udesk_id: null,
};

describe('the demo’s own comparison', () => {
  test('finds nothing where both sides hold the same, however it is written', () => {
    const written: Contact = {
      ...contact,
      name: ' Li Lei ',
      emails: ['LEI@example.com', 'li@Example.com'],
      phones: ['+86 138 0000 0001'],
    };
    expect(comparePeople([customer], [written], NOTHING)).toEqual({
      people: 1,
      fields: 6,
      equal: 6,
      held: 0,
      asked: 0,
      problems: [],
    });
  });

  test.each<[string, Partial<Contact>]>([
    ['nick_name', { name: 'Li' }],
    ['emails', { emails: ['li@example.com'] }],
    ['cellphones', { phones: ['13800000001', '13800000002'] }],
    ['level', { tier: 'standard' }],
    ['custom.TextField_2', { industry: null }],
    ['description', { note: 'another note' }],
  ])('a difference in %s is a problem, unless an open conflict holds exactly it', (field, change) => {
    const contacts = [{ ...contact, ...change }];
    const conflict = { udeskId: '11', crmId: '7', field };

    const silent = comparePeople([customer], contacts, NOTHING);
    expect(silent).toMatchObject({ equal: 5, held: 0 });
    expect(silent.problems).toEqual([`customer 11 and contact 7: ${field} differs, and no conflict says so`]);

    const held = comparePeople([customer], contacts, { ...NOTHING, conflicts: [conflict] });
    expect(held).toMatchObject({ equal: 5, held: 1, problems: [] });

    for (const wrong of [{ field: 'tags' }, { udeskId: '12' }, { crmId: null }]) {
      const conflicts = [{ ...conflict, ...wrong }];
      expect(comparePeople([customer], contacts, { ...NOTHING, conflicts }).problems).not.toEqual([]);
    }
  });

  test('a conflict that is open although both sides agree is a problem', () => {
    const conflicts = [{ udeskId: '11', crmId: '7', field: 'nick_name' }];
    expect(comparePeople([customer], [contact], { ...NOTHING, conflicts }).problems).toHaveLength(1);
  });

  test('somebody who is missing on one side is a problem, on either side', () => {
    expect(comparePeople([customer], [], NOTHING).problems).toEqual(['customer 11 is missing in the CRM']);
    expect(comparePeople([], [contact], NOTHING).problems).toEqual(['contact 7 is missing in Udesk']);
  });

  test('somebody who is there twice is a problem, on either side', () => {
    const twin = { ...customer, id: '12', email: null };
    expect(comparePeople([customer, twin], [contact], NOTHING).problems).toEqual([
      'contact 7 is in Udesk twice: 11 and 12',
    ]);
    const double = comparePeople([customer], [contact, { ...contact, id: '8' }], NOTHING);
    expect(double.problems).toContain('customer 11 is in the CRM more than once');
  });

  test('people without e-mail and phone are paired by the id that one side keeps of the other', () => {
    const bare = { ...customer, email: null, other_emails: [], cellphones: [] };
    const none: Contact = { ...contact, emails: [], phones: [] };
    expect(comparePeople([bare], [none], NOTHING).people).toBe(0);
    expect(comparePeople([{ ...bare, open_api_token: '7' }], [none], NOTHING)).toMatchObject({
      people: 1,
      problems: [],
    });
    expect(comparePeople([bare], [{ ...none, udesk_id: '11' }], NOTHING)).toMatchObject({
      people: 1,
      problems: [],
    });
  });

  test('an open question excuses the records that it names, and no others', () => {
    const stranger: Contact = { ...contact, id: '9', emails: ['x@example.com'], phones: [] };
    const questions = [{ udeskIds: ['11'], crmIds: ['7'] }];
    expect(comparePeople([customer], [contact], { ...NOTHING, questions })).toMatchObject({
      people: 0,
      asked: 2,
      problems: [],
    });
    expect(comparePeople([customer], [contact, stranger], { ...NOTHING, questions }).problems).toEqual([
      'contact 9 is missing in Udesk',
    ]);
  });
});
