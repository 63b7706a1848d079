import { expect, test } from 'vitest';
import { growPerson, holdsPerson, type LinkTrace } from '../../../src/core/same-person.ts';

const link = (udeskId: string | null, crmId: string | null, more: Partial<LinkTrace> = {}): LinkTrace => ({
  id: `${udeskId}-${crmId}`,
  udeskId,
  crmId,
  before: [],
  ...more,
});
const nobodyApart = (_udeskId: string, _crmId: string): boolean => false;
const grown = (ids: { udesk?: string[]; crm?: string[] }, links: LinkTrace[], areApart = nobodyApart) =>
  growPerson({ udesk: [], crm: [], ...ids }, links, areApart);

test('the two whom a link holds are one person, and whom it held before with the other', () => {
  const moved = link('u', 'new', { before: [{ side: 'crm', from: 'old' }] });
  expect(grown({ crm: ['old'] }, [moved, moved])).toEqual({ udesk: ['u'], crm: ['old', 'new'] });
  expect(grown({ udesk: ['u'] }, [moved])).toEqual({ udesk: ['u'], crm: ['new', 'old'] });
});

test('of whom a person said that they are somebody else, nothing is followed, in neither direction', () => {
  const moved = link('u', 'new', { before: [{ side: 'crm', from: 'old' }] });
  const apart = (udeskId: string, crmId: string) => udeskId === 'u' && crmId === 'old';
  expect(grown({ crm: ['old'] }, [moved], apart)).toEqual({ udesk: [], crm: ['old'] });
  expect(grown({ udesk: ['u'] }, [moved], apart)).toEqual({ udesk: ['u'], crm: ['new'] });
});

test('nor where that other one was merged into a third since', () => {
  const twice = link('u2', 'new', {
    before: [
      { side: 'crm', from: 'old' },
      { side: 'udesk', from: 'u1' },
    ],
  });
  const apart = (udeskId: string, crmId: string) => udeskId === 'u1' && crmId === 'old';
  expect(grown({ udesk: ['u2'] }, [twice], apart)).toEqual({ udesk: ['u2', 'u1'], crm: ['new'] });
});

test('a link that a person parted tells of either record whom that one was linked with before', () => {
  const parted = link('u', 'else', { before: [{ side: 'crm', from: 'own' }] });
  const apart = (udeskId: string, crmId: string) => udeskId === 'u' && crmId === 'else';
  expect(grown({ udesk: ['u'] }, [parted], apart)).toEqual({ udesk: ['u'], crm: ['own'] });
  expect(grown({ crm: ['else'] }, [parted], apart)).toEqual({ udesk: [], crm: ['else'] });
});

test('a link without one of its records makes nobody one with nobody', () => {
  expect(grown({ udesk: ['u'] }, [link('u', null), link(null, 'c')])).toEqual({ udesk: ['u'], crm: [] });
});

test('a link is about a person where it holds one of their records now', () => {
  const ids = { udesk: ['u'], crm: [] };
  expect(holdsPerson(link('u', 'c'), ids)).toBe(true);
  expect(holdsPerson(link('other', 'c', { before: [{ side: 'udesk', from: 'u' }] }), ids)).toBe(false);
  expect(holdsPerson(link(null, 'c'), ids)).toBe(false);
});
