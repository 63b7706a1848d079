import { startEnvelopeCrm } from '../support/envelope-crm.ts';
import { httpHarness } from './http-harness.ts';
import { describeSide } from './suite.ts';

describeSide('http, envelopes with cursors and codes', () =>
  httpHarness({
    start: startEnvelopeCrm,
    toId: ({ id }) => `C${id}`,
    remove: (people, person) => {
      person.archived = true;
      people.touch(person);
    },
  }),
);
