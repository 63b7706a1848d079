/** What `check` says of an Odoo: it reads, and writes nothing. */
import { isSyncError } from '../../errors.ts';
import { sha256 } from '../../lib/hash.ts';
import type { CallOptions, CheckReport, Finding } from '../adapter.ts';
import { deletionOf } from './config.ts';
import { JSON2_SINCE } from './connect.ts';
import { notUnderstood } from './failure.ts';
import { countPartners } from './observe.ts';
import { contextOf, EXTERNAL_IDS, PARTNER, type Reader, searchRead } from './reader.ts';

/** From this version on the method is called `has_access`. */
const HAS_ACCESS_SINCE = 18;
/** Users that Odoo brings along: the robot, the first administrator. */
const BUILT_IN_USERS = 2;

export async function checkOdoo(reader: Reader, options: CallOptions = {}): Promise<CheckReport> {
  const { connection, config, places, wire } = reader;
  const { version, api, uid } = connection;
  const count = await countPartners(reader, options);
  const findings: Finding[] = [
    {
      level: 'info',
      message: `Odoo ${version} by ${api === 'json2' ? '/json/2' : 'JSON-RPC'}, database ${config.database}, ${config.records === 'all' ? 'people and companies' : config.records}`,
    },
    {
      level: 'info',
      message:
        config.archived === 'deleted'
          ? 'an archived partner counts as deleted and is shown as such; one that was deleted for good is an absence, to be proven'
          : 'an archived partner counts as live; only one that was deleted for good is gone',
    },
  ];
  if (api === 'json2')
    findings.push({
      level: 'warning',
      message: '/json/2 was made by its documentation, and is not yet verified against a live Odoo 19',
      advice:
        'Try the pair with firstRun: review, and look at the first plan; JSON-RPC works up to Odoo 21 (crm.api: jsonrpc).',
    });
  if (api === 'jsonrpc' && connection.major >= JSON2_SINCE)
    findings.push({
      level: 'warning',
      message: `JSON-RPC is deprecated in Odoo ${version}, and goes away in Odoo 22`,
      advice: 'Give crm.apiKey and set crm.api: auto.',
    });
  if (uid !== null && uid <= BUILT_IN_USERS)
    findings.push({
      level: 'warning',
      message:
        'the login is an administrator that Odoo brings along: its writes cannot be told from a person’s, and it may do far more than is needed',
      advice: 'Give the sync a user of its own, with "Contact Creation" and no other rights.',
    });
  findings.push(...(await rights(reader, options)));
  return {
    findings,
    count,
    clockSkewMs: wire.clockSkewMs(),
    ...(await identity(reader, options)),
    fields: places.map(({ field }) => field),
  };
}

async function rights(reader: Reader, options: CallOptions): Promise<Finding[]> {
  const { connection, config } = reader;
  const wanted = ['create', 'write', ...(deletionOf(config) === 'unlink' ? ['unlink'] : [])];
  const lacking: string[] = [];
  for (const operation of wanted) {
    const [method, params] =
      connection.major >= HAS_ACCESS_SINCE
        ? ['has_access', { operation }]
        : ['check_access_rights', { operation, raise_exception: false }];
    try {
      const call = {
        model: PARTNER,
        method,
        params,
        context: contextOf(config),
        write: false,
        signal: options.signal,
      };
      if ((await connection.run(call)).result !== true) lacking.push(operation);
    } catch (error) {
      if (!isSyncError(error, 'contract')) throw error;
      return [{ level: 'info', message: 'Odoo does not say which rights the user has' }];
    }
  }
  if (lacking.length === 0) return [];
  return [
    {
      level: 'warning',
      message: `the user of the sync may not ${lacking.join(', ')} partners: a two-way pair can ask for it`,
      advice:
        'Tick "Contact Creation" in the settings of that user, or map the fields to flow from Odoo only.',
    },
  ];
}

export async function fingerprint(reader: Reader, options: CallOptions = {}): Promise<string> {
  return (await identity(reader, options)).fingerprint;
}

/** Of the address, the database, and the moment at which it was made: a copy elsewhere, or a new database, differs. */
async function identity(
  reader: Reader,
  options: CallOptions,
): Promise<Pick<CheckReport, 'fingerprint' | 'account'>> {
  const { config, connection } = reader;
  const { rows } = await searchRead(
    reader,
    EXTERNAL_IDS,
    {
      domain: [
        ['module', '=', 'base'],
        ['name', '=', 'main_company'],
      ],
      fields: ['create_date', 'res_id'],
    },
    options,
  );
  const made = rows[0]?.create_date;
  if (typeof made !== 'string')
    throw notUnderstood(
      { target: connection.api, write: false },
      'Odoo does not say when its main company was made',
    );
  return {
    fingerprint: sha256(`${config.url.replace(/\/+$/, '')}\n${config.database}\n${made}`).slice(0, 32),
    account: `Odoo ${new URL(config.url).host} · ${config.database} · ${made}`,
  };
}
