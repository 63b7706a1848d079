/** The simulated Udesk as a process of its own, so that its work is not counted as ours. Started by `startUdesk`. */
import { startSimulator } from '../src/simulator/simulator.ts';
import { person, seedOf } from './people.ts';

const [count = '0', switches = '{}'] = process.argv.slice(2);
const simulator = await startSimulator({
  controlPort: 0,
  customers: Array.from({ length: Number(count) }, (_, n) => seedOf(person(n))),
  switches: { 'rate.per_minute': '0', ...(JSON.parse(switches) as Record<string, string>) },
});
const { url, controlUrl, admin } = simulator;
process.send?.({ url, controlUrl, email: admin.email, token: admin.token });
process.once('disconnect', () => process.exit());
