import { expect, test } from 'vitest';
import { contactsToAskFor } from '../../../src/core/contacts.ts';
import type { PairSpec } from '../../../src/core/spec.ts';

const field = (udesk: string, crm: string) => ({
  ...{ udesk, crm, shape: 'set', equivalence: udesk === 'emails' ? 'email' : 'phone' },
  ...{ direction: 'both', policy: 'union', onBlocked: 'hold', map: null },
});
const SPEC = {
  fields: [field('emails', 'mails'), field('cellphones', 'phones')],
  match: { by: ['email'], defaultRegion: 'CN', stopAfter: 5 },
} as unknown as PairSpec;
const set = (...values: string[]) => values.map((value) => ({ id: null, value }));
const asked = (fields: Parameters<typeof contactsToAskFor>[2], side: 'udesk' | 'crm' = 'crm') =>
  contactsToAskFor(SPEC, side, fields).map(({ kind, value }) => `${kind} ${value}`);

test('a phone is asked for in the form in which it is compared, which stands for how people of the region write it', () => {
  expect(asked({ phones: set('13800000001') })).toEqual(['cellphone +8613800000001']);
  expect(asked({ phones: set('+8613800000001', '138 0000 0001') })).toContain('cellphone +8613800000001');
});

// Found by the simulation (s13a-16): a customer who was kept like that was not found, and written over by a create.
test('and as it is written, where it is written in another way', () => {
  const typed = ['+86 13800000001', '138-0000-0001', '+8613800000001', '13800000001'];
  expect(asked({ phones: set(...typed) })).toEqual([
    'cellphone +8613800000001',
    'cellphone +86 13800000001',
    'cellphone 138-0000-0001',
  ]);
});

test('so is an e-mail, and whoever the pair matches by makes no difference', () => {
  expect(asked({ mails: set('Ann@Example.com', 'bo@example.com'), phones: set('13800000001') })).toEqual([
    'email ann@example.com',
    'email Ann@Example.com',
    'email bo@example.com',
    'cellphone +8613800000001',
  ]);
});

test('Udesk tells its contact points under names of its own, whether they are mapped or not', () => {
  expect(asked({ email: 'a@example.com', emails: set('a@example.com'), nick_name: 'A' }, 'udesk')).toEqual([
    'email a@example.com',
  ]);
});

test('what is no e-mail and no phone is asked for by nobody', () => {
  expect(asked({ mails: set('none', ''), phones: set('n/a', ' ') })).toEqual([]);
});
