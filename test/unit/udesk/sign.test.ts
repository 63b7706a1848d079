import { describe, expect, it } from 'vitest';
import { SIGN_ALGORITHMS, type SignAlgorithm, sign } from '../../../src/udesk/sign.ts';

/** The vectors of udesk/api.md §1.7. */
const DEMO = 'udeskdemo@udesk.cn';
const DEMO_TOKEN = 'ff6c83a2-78ce-4944-b0a8-c064d89af1e6';
const DEMO_NONCE = '2d931510-d99f-494a-8c67-87feb05e1594';
const PLUS = 'admin+api@example.com';
const PLUS_TOKEN = '00000000-0000-4000-8000-000000000001';

type Vector = readonly [name: string, SignAlgorithm, string, string, string, string, string];
const VECTORS: readonly Vector[] = [
  ['T1', 'sha1', DEMO, DEMO_TOKEN, '1488337316', '', '6b18e26ae0176a1b281b62d0a4fc568913d6f059'],
  [
    'T2',
    'sha1',
    DEMO,
    '6208398e-4838-425a-b6c3-45c0aa3a4d4d',
    '1488337316',
    '',
    'fc4d78cf8428957f9a1fbcd8b89f49c993d68cc2',
  ],
  [
    'T3',
    'sha1',
    'admin@udesk.cn',
    '198476a7-2ab0-4570-adcb-e6ed03a447d8',
    '1970-01-01',
    '',
    '2ddd83971d5c2f032e2ba22f0cfa079836b972e5',
  ],
  [
    'T5',
    'sha256',
    DEMO,
    DEMO_TOKEN,
    '1488337316',
    DEMO_NONCE,
    '82653d8c16394027fced6a5397aaa15418a323f0eecb9b5e4a32f2097cb27558',
  ],
  ['T6', 'sha1-v2', DEMO, DEMO_TOKEN, '1488337316', DEMO_NONCE, '10ec9c413cd2ac7dfe37b8075760fbe120124825'],
  [
    'T7',
    'sha256',
    PLUS,
    PLUS_TOKEN,
    '1700000000',
    'nonce-0001',
    '6b3bd0460973336eca82cfe47ed9327dc0c6ac1e5c775f4ed146221acc7af3a0',
  ],
  ['T8', 'sha1-v2', PLUS, PLUS_TOKEN, '1700000000', 'nonce-0001', '64a1091ce349d3dadbefbf71105ac571ad91e9e0'],
  ['T9', 'sha1', PLUS, PLUS_TOKEN, '1700000000', '', '1d81f5980ee9f0c98d099f4528a3662e1e39a47b'],
];

describe('signatures', () => {
  it.each(VECTORS)(
    '%s is what the vendor computes',
    (_name, algorithm, email, token, timestamp, nonce, expected) => {
      const parameters = sign({ algorithm, email, token, timestamp, nonce });
      expect(parameters.sign).toBe(expected);
      expect(parameters).toEqual(
        algorithm === 'sha1'
          ? { email, timestamp, sign: expected }
          : { email, timestamp, nonce, sign_version: 'v2', sign: expected },
      );
    },
  );

  it('T4 belongs to the MD5 family, which this API does not take: no algorithm of ours makes it', () => {
    for (const algorithm of SIGN_ALGORITHMS) {
      const made = sign({ algorithm, email: 'a', token: 'b', timestamp: '1', nonce: 'n' }).sign;
      expect(made).toMatch(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
    }
  });

  it('never carries the token itself', () => {
    for (const algorithm of SIGN_ALGORITHMS) {
      const parameters = sign({ algorithm, email: PLUS, token: PLUS_TOKEN, timestamp: '1', nonce: 'n' });
      expect(JSON.stringify(parameters)).not.toContain(PLUS_TOKEN);
    }
  });
});
