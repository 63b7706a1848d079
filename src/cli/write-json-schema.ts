/** `npm run config:schema`: writes config/udesk-sync.schema.json, which editors use. A test fails when it is stale. */
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../config/json-schema.ts';
import { crmAdapters } from '../crm/registry.ts';

writeFileSync(new URL('../../config/udesk-sync.schema.json', import.meta.url), configJsonSchema(crmAdapters));
