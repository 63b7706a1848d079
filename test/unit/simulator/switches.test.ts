import { expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import {
  createSwitches,
  describeSwitches,
  parseSwitchArguments,
  SWITCH_NAMES,
} from '../../../src/simulator/switches.ts';

function refusal(run: () => unknown): SyncError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof SyncError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

test('every switch accepts its own default', () => {
  const defaults = createSwitches().all();
  expect(Object.keys(defaults)).toEqual(SWITCH_NAMES);
  expect(createSwitches(defaults).all()).toEqual(defaults);
});

test('the defaults are those of the reference', () => {
  const switches = createSwitches();
  expect(switches.get('not_found.code')).toBe('2005');
  expect(switches.get('rate.per_minute')).toBe(60);
  expect(switches.get('sig.accept')).toEqual(['sha256', 'sha1-v2', 'sha1']);
});

test('an unknown switch is refused with a suggestion and the list of those that exist', () => {
  const error = refusal(() => createSwitches({ 'shape.email': 'p1' }));
  expect(error.kind).toBe('config');
  expect(error.message).toContain('Did you mean "shape.emails"?');
  expect(error.details.advice).toContain('rate.per_minute');
});

test('an unknown value is refused with the values that are allowed', () => {
  const error = refusal(() => createSwitches().set('rate.reply', 'http42'));
  expect(error.message).toContain('Did you mean "http429"?');
  expect(error.details.advice).toContain('http429, code2000, reset');
});

test.each([
  ['fault.reset', '1.5'],
  ['fault.reset', 'often'],
  ['rate.per_minute', ''],
  ['sig.accept', 'md5'],
])('%s=%s is refused', (name, value) => {
  expect(refusal(() => createSwitches({ [name]: value })).kind).toBe('config');
});

test('settings are read as name=value', () => {
  expect(parseSwitchArguments(['rate.per_minute=600', 'shape.cellphones = K4'])).toEqual({
    'rate.per_minute': '600',
    'shape.cellphones': 'K4',
  });
  expect(refusal(() => parseSwitchArguments(['rate.per_minute'])).details.advice).toContain('name=value');
});

test('every switch says what it does', () => {
  for (const row of describeSwitches()) expect(row.doc.length, row.name).toBeGreaterThan(10);
});
