import { ENVELOPE, httpHarness } from './http-harness.ts';
import { describeSide } from './suite.ts';

describeSide('http, envelopes with cursors and codes', () => httpHarness(ENVELOPE));
