/** `adapter: memory`: an empty CRM in this process, for trying things. */
import { z } from 'zod';
import { defineCrmAdapter } from '../definition.ts';
import { createMemoryCrm } from './memory.ts';

export const memoryAdapter = defineCrmAdapter({
  name: 'memory',
  schema: z.strictObject({ adapter: z.literal('memory') }),
  create: async (_config, { clock, fields, region }) => createMemoryCrm({ clock, fields, region }).side,
});
