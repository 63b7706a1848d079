import { httpHarness, REST } from './http-harness.ts';
import { describeSide } from './suite.ts';

describeSide('http, REST with offsets and ETags', () => httpHarness(REST));
