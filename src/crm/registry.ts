/** The CRMs that udesk-sync can speak to. A new one is a folder here and a line in this list. */
import type { CrmAdapterDefinition } from './definition.ts';
import { httpAdapter } from './http/adapter.ts';
import { hubspotAdapter } from './hubspot/adapter.ts';
import { memoryAdapter } from './memory/adapter.ts';
import { odooAdapter } from './odoo/adapter.ts';
import { postgresAdapter } from './postgres/adapter.ts';
import { salesforceAdapter } from './salesforce/adapter.ts';

/** By the name that stands under `crm.adapter` in the config. */
export const crmAdapters: Readonly<Record<string, CrmAdapterDefinition>> = {
  [httpAdapter.name]: httpAdapter,
  [hubspotAdapter.name]: hubspotAdapter,
  [memoryAdapter.name]: memoryAdapter,
  [odooAdapter.name]: odooAdapter,
  [postgresAdapter.name]: postgresAdapter,
  [salesforceAdapter.name]: salesforceAdapter,
};
