import { expect, test } from 'vitest';
import { Refusal } from '../../../src/simulator/refusal.ts';
import { type AuthRules, authenticate, NonceMemory, signatureOf } from '../../../src/simulator/signature.ts';

const DEMO = {
  email: 'udeskdemo@udesk.cn',
  token: 'ff6c83a2-78ce-4944-b0a8-c064d89af1e6',
  timestamp: '1488337316',
  nonce: '2d931510-d99f-494a-8c67-87feb05e1594',
};
const PLUS = {
  email: 'admin+api@example.com',
  token: '00000000-0000-4000-8000-000000000001',
  timestamp: '1700000000',
  nonce: 'nonce-0001',
};
const OTHER_TOKEN = '6208398e-4838-425a-b6c3-45c0aa3a4d4d';
const VECTORS = [
  ['T1', 'sha1', DEMO, '6b18e26ae0176a1b281b62d0a4fc568913d6f059'],
  ['T2', 'sha1', { ...DEMO, token: OTHER_TOKEN }, 'fc4d78cf8428957f9a1fbcd8b89f49c993d68cc2'],
  [
    'T3',
    'sha1',
    {
      email: 'admin@udesk.cn',
      token: '198476a7-2ab0-4570-adcb-e6ed03a447d8',
      timestamp: '1970-01-01',
      nonce: '',
    },
    '2ddd83971d5c2f032e2ba22f0cfa079836b972e5',
  ],
  ['T5', 'sha256', DEMO, '82653d8c16394027fced6a5397aaa15418a323f0eecb9b5e4a32f2097cb27558'],
  ['T6', 'sha1-v2', DEMO, '10ec9c413cd2ac7dfe37b8075760fbe120124825'],
  ['T7', 'sha256', PLUS, '6b3bd0460973336eca82cfe47ed9327dc0c6ac1e5c775f4ed146221acc7af3a0'],
  ['T8', 'sha1-v2', PLUS, '64a1091ce349d3dadbefbf71105ac571ad91e9e0'],
  ['T9', 'sha1', PLUS, '1d81f5980ee9f0c98d099f4528a3662e1e39a47b'],
] as const;

test.each(VECTORS)(
  'test vector %s of the reference is reproduced with %s',
  (_name, algorithm, parts, expected) => {
    expect(signatureOf(algorithm, parts)).toBe(expected);
  },
);

const NOW = 1_700_000_000_000;

function rules(changes: Partial<AuthRules> = {}): AuthRules {
  return {
    adminEmail: PLUS.email,
    token: PLUS.token,
    accept: ['sha256', 'sha1-v2', 'sha1'],
    skewCheckV1: false,
    now: NOW,
    nonces: new NonceMemory(),
    ...changes,
  };
}

type Given = Parameters<typeof authenticate>[0];

function second(changes: Partial<Given> = {}): Given {
  const parts = { email: PLUS.email, timestamp: PLUS.timestamp, nonce: PLUS.nonce, ...changes };
  return { sign: signatureOf('sha256', { ...parts, token: PLUS.token }), signVersion: 'v2', ...parts };
}

function first(timestamp: string): Given {
  const sign = signatureOf('sha1', { ...PLUS, timestamp });
  return { email: PLUS.email, timestamp, nonce: '', signVersion: '', sign };
}

function codeOf(given: Given, with_: AuthRules = rules()): number {
  try {
    authenticate(given, with_);
    return 1000;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.code;
    throw thrown;
  }
}

test('the right signature of either generation is let in', () => {
  expect(codeOf(second())).toBe(1000);
  expect(codeOf(second({ sign: signatureOf('sha1-v2', PLUS) }))).toBe(1000);
  expect(codeOf(first('1700000000'))).toBe(1000);
});

test('a wrong sign, upper-case hexadecimal, or a sign of another text is refused with 2059', () => {
  expect(codeOf(second({ sign: 'ab'.repeat(32) }))).toBe(2059);
  expect(codeOf(second({ sign: signatureOf('sha256', PLUS).toUpperCase() }))).toBe(2059);
  expect(codeOf({ ...first('1700000000'), signVersion: 'v2', nonce: 'n' })).toBe(2059);
});

test('only the accepted signatures are let in', () => {
  const strict = rules({ accept: ['sha256'] });
  expect(codeOf(second(), strict)).toBe(1000);
  expect(codeOf(second({ sign: signatureOf('sha1-v2', PLUS), nonce: PLUS.nonce }), strict)).toBe(2059);
  expect(codeOf(first('1700000000'), strict)).toBe(2059);
});

test('the window of the second generation is 5 minutes each way', () => {
  expect(codeOf(second({ timestamp: '1699999700' }))).toBe(1000);
  expect(codeOf(second({ timestamp: '1700000300' }))).toBe(1000);
  expect(codeOf(second({ timestamp: '1699999699' }))).toBe(20622);
  expect(codeOf(second({ timestamp: '1700000301' }))).toBe(20622);
});

test.each(['', '1970-01-01', '1700000000000', '17000'])(
  'timestamp "%s" is badly formed: 20621',
  (timestamp) => {
    expect(codeOf(second({ timestamp }))).toBe(20621);
  },
);

test('the first generation takes any timestamp, unless its skew check is on', () => {
  expect(codeOf(first('1970-01-01'))).toBe(1000);
  expect(codeOf(first('1970-01-01'), rules({ skewCheckV1: true }))).toBe(20621);
  expect(codeOf(first('1600000000'), rules({ skewCheckV1: true }))).toBe(20622);
});

test('checks come in order: timestamp, skew, nonce, administrator, sign, replay', () => {
  const wrong = { email: 'x@example.com', sign: 'bad', nonce: '' };
  expect(codeOf(second({ ...wrong, timestamp: 'x' }))).toBe(20621);
  expect(codeOf(second({ ...wrong, timestamp: '1600000000' }))).toBe(20622);
  expect(codeOf(second(wrong))).toBe(20624);
  expect(codeOf(second({ ...wrong, nonce: 'n' }))).toBe(2015);
  expect(codeOf(second({ sign: 'bad' }))).toBe(2059);
});

test('a nonce is refused for 15 minutes and free again afterwards', () => {
  const nonces = new NonceMemory();
  expect(nonces.use('n', NOW)).toBe(true);
  expect(nonces.use('m', NOW + 1)).toBe(true);
  expect(nonces.use('n', NOW + 15 * 60_000)).toBe(false);
  expect(nonces.use('n', NOW + 15 * 60_000 + 1)).toBe(true);
});

test('a replay is refused with 20623, but a wrong sign does not use up the nonce', () => {
  const shared = rules();
  expect(codeOf(second({ sign: 'bad' }), shared)).toBe(2059);
  expect(codeOf(second(), shared)).toBe(1000);
  expect(codeOf(second(), shared)).toBe(20623);
});
