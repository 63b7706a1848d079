import { startRestCrm } from '../support/rest-crm.ts';
import { httpHarness } from './http-harness.ts';
import { describeSide } from './suite.ts';

describeSide('http, REST with offsets and ETags', () =>
  httpHarness({
    start: startRestCrm,
    toId: ({ id }) => String(id),
    remove: (people, person) => people.remove(person),
  }),
);
