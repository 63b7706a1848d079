import { describe, expect, test } from 'vitest';
import { hasRest, scopeOf, startBackground } from '../../../src/daemon/lanes.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const minutes = (n: number) => new Date(NOW.getTime() + n * 60_000);

describe('what a cycle reads', () => {
  test('the first sweep after a start reads the CRM in full, and later ones once an hour', () => {
    const background = startBackground();
    expect(scopeOf(new Set(['sweep']), background, NOW).crm).toBe('full');
    background.crmReadAt = NOW;
    expect(scopeOf(new Set(['sweep']), background, minutes(59)).crm).toBe('changes');
    expect(scopeOf(new Set(['crm']), background, minutes(600)).crm).toBe('changes');
    expect(scopeOf(new Set(['sweep', 'crm']), background, minutes(60)).crm).toBe('full');
  });

  test('an audit reads neither side in full', () => {
    const background = startBackground();
    background.auditLeft = 7;
    const scope = scopeOf(new Set(['audit']), background, NOW);
    expect(scope).toMatchObject({ udesk: 'none', crm: 'none', audit: { links: 7 } });
    expect(scope.sweep).toBeUndefined();
  });

  test('the rest goes on with what is under way, and with the changes of the CRM', () => {
    const background = startBackground();
    expect(hasRest(background)).toBe(false);
    background.revisiting = true;
    expect(hasRest(background)).toBe(true);
    const scope = scopeOf(new Set(['rest']), background, NOW);
    expect(scope).toMatchObject({ udesk: 'none', crm: 'changes', revisit: {} });
    expect(scopeOf(new Set(['head']), background, NOW).revisit).toBeUndefined();
  });
});
