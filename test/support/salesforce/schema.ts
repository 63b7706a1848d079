/**
 * The objects of the org that the tests keep, and how `describe` tells of them ("sObject Describe", "DescribeSObjectResult"
 * in the vendor's REST and SOAP API guides). Lengths and types of the standard fields: "Contact" and "Lead" in the Object
 * Reference.
 */

export interface SfFieldSeed {
  readonly name: string;
  readonly type: string;
  readonly length?: number;
  readonly required?: boolean;
  readonly externalId?: boolean;
  readonly unique?: boolean;
  readonly caseSensitive?: boolean;
  /** Set by the platform: nobody writes it. */
  readonly system?: boolean;
  readonly calculated?: boolean;
  /** Field-level security of the user that the API works as. */
  mayCreate?: boolean;
  mayUpdate?: boolean;
  mayRead?: boolean;
  readonly options?: readonly string[];
  /** Field history tracking is switched on. */
  tracked?: boolean;
}

export interface SfObjectSeed {
  readonly name: string;
  /** First three characters of the ids. */
  readonly prefix: string;
  readonly fields: SfFieldSeed[];
  deletable: boolean;
}

const system = (name: string, type: string): SfFieldSeed => ({ name, type, system: true });

const SYSTEM: readonly SfFieldSeed[] = [
  system('Id', 'id'),
  system('IsDeleted', 'boolean'),
  system('MasterRecordId', 'reference'),
  system('CreatedDate', 'datetime'),
  system('CreatedById', 'reference'),
  system('LastModifiedDate', 'datetime'),
  system('LastModifiedById', 'reference'),
  system('SystemModstamp', 'datetime'),
];

const person = (): SfFieldSeed[] => [
  ...SYSTEM.map((field) => ({ ...field })),
  { name: 'LastName', type: 'string', length: 80, required: true },
  { name: 'FirstName', type: 'string', length: 40 },
  { name: 'Name', type: 'string', length: 121, calculated: true },
  { name: 'Email', type: 'email', length: 80 },
  { name: 'Phone', type: 'phone', length: 40 },
  { name: 'MobilePhone', type: 'phone', length: 40 },
  { name: 'Description', type: 'textarea', length: 32_000 },
  { name: 'Email_2__c', type: 'email', length: 80 },
  { name: 'Address_1__c', type: 'string', length: 255 },
  { name: 'Address_2__c', type: 'string', length: 255 },
  { name: 'Address_3__c', type: 'string', length: 255 },
  { name: 'Tier__c', type: 'picklist', length: 255, options: ['gold', 'standard'] },
  { name: 'Tags__c', type: 'multipicklist', length: 4_099, options: ['vip', 'press', 'partner'] },
  { name: 'Opt_Out__c', type: 'boolean' },
  { name: 'Score__c', type: 'double' },
  { name: 'Birthday__c', type: 'date' },
  { name: 'Called_At__c', type: 'datetime' },
  { name: 'Udesk_Id__c', type: 'string', length: 255, externalId: true, unique: true, caseSensitive: true },
  { name: 'Loose_Id__c', type: 'string', length: 255, externalId: true },
];

export function standardObjects(): SfObjectSeed[] {
  return [
    { name: 'Contact', prefix: '003', deletable: true, fields: person() },
    {
      name: 'Lead',
      prefix: '00Q',
      deletable: true,
      fields: [...person(), { name: 'Company', type: 'string', length: 255, required: true }],
    },
  ];
}

export function isWritable(field: SfFieldSeed): boolean {
  return field.system !== true && field.calculated !== true;
}

export function describeObject(object: SfObjectSeed) {
  return {
    name: object.name,
    label: object.name,
    keyPrefix: object.prefix,
    createable: true,
    updateable: true,
    deletable: object.deletable,
    queryable: true,
    replicateable: true,
    custom: false,
    fields: object.fields.filter(({ mayRead }) => mayRead !== false).map(describeField),
  };
}

function describeField(field: SfFieldSeed) {
  const writable = isWritable(field);
  return {
    name: field.name,
    label: field.name.replace(/__c$/, '').replaceAll('_', ' '),
    type: field.type,
    length: field.length ?? 0,
    nillable: field.required !== true && field.type !== 'boolean' && field.system !== true,
    defaultedOnCreate: field.system === true || field.type === 'boolean',
    createable: writable && field.mayCreate !== false,
    updateable: writable && field.mayUpdate !== false,
    calculated: field.calculated === true,
    custom: field.name.endsWith('__c'),
    externalId: field.externalId === true,
    idLookup: field.externalId === true || field.name === 'Id' || field.name === 'Email',
    unique: field.unique === true,
    caseSensitive: field.caseSensitive === true,
    // "Long text areas can't be used in filters" (SOQL and SOSL Reference, "Condition Expression Syntax").
    filterable: field.type !== 'textarea',
    sortable: field.type !== 'textarea',
    permissionable: writable && field.required !== true,
    picklistValues: (field.options ?? []).map((value) => ({
      value,
      label: value,
      active: true,
      defaultValue: false,
    })),
  };
}
