/** One script, and every CRM of our own behind it. The adapter of another CRM has a file like this one beside it. */
import { ENVELOPE, httpHarness, REST } from '../../conformance/http-harness.ts';
import { memoryHarness } from '../../conformance/memory-harness.ts';
import { arrays, postgresHarness } from '../../conformance/postgres-harness.ts';
import { describeScenario } from '../../support/crm-scenario.ts';
import { createEmptyDatabase } from '../../support/db.ts';

describeScenario('memory', memoryHarness());

const LITTLE = {
  changeCursor: null,
  compareAndSet: false,
  visibleDeletes: false,
  externalId: null,
  elementIds: false,
  trustedTime: false,
};
describeScenario('memory, with little', memoryHarness(LITTLE), { size: 100, deletes: 'flag' });

describeScenario('postgres', async () => {
  const database = await createEmptyDatabase();
  const harness = await postgresHarness(database.url, arrays);
  return {
    ...harness,
    async close() {
      await harness.close();
      await database.drop();
    },
  };
});

describeScenario('http, REST', () => httpHarness(REST));
describeScenario('http, envelopes', () => httpHarness(ENVELOPE));
