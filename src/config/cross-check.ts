/**
 * Rules that look at more than one place of the configuration. Pure. Works on parts that may be missing, because a
 * part that is wrong by itself is reported elsewhere and must not hide what is wrong here.
 */
import { formatPath, type Path, type Problem } from './problems.ts';
import {
  type EmailAlertConfig,
  type FieldConfig,
  isUdeskSet,
  REFERENCE_FIELDS,
  type ReportConfig,
  UDESK_SET_FIELDS,
} from './schema.ts';

/** What could be read of the file; null or missing where a part is wrong by itself. */
export interface Draft {
  readonly http: { readonly host: string; readonly hasAuth: boolean } | null;
  readonly pairs: readonly DraftPair[];
  /** Who may sign in, users before tokens. */
  readonly people: readonly { readonly name: string; readonly path: Path }[];
  /** By their place in the file; null where one is no e-mail alert, or wrong by itself. */
  readonly mails: readonly (EmailAlertConfig | null)[];
  /** By their place in the file; null where one is wrong by itself. */
  readonly reports: readonly (ReportConfig | null)[];
  /** By their place in the file: whether the alert sends reports. */
  readonly reportAlerts: readonly boolean[];
}

export interface DraftPair {
  readonly name: string | null;
  /** Keys that stand in the `udesk` block; null when there is no such block. */
  readonly udeskKeys: readonly string[] | null;
  readonly fields: readonly (FieldConfig | null)[];
}

export function crossCheck(draft: Draft): Problem[] {
  const problems: Problem[] = [];
  const { http } = draft;
  if (http !== null && !http.hasAuth && !isLoopback(http.host)) {
    problems.push({
      path: ['http', 'host'],
      message:
        'would open the pages to other machines without a login. Use 127.0.0.1, or list users under http.auth',
    });
  }
  duplicates(draft.pairs.map((pair) => pair.name)).forEach(([index, first]) => {
    problems.push({
      path: ['pairs', index, 'name'],
      message: `is the name of pairs[${first}] too; names must differ`,
    });
  });
  draft.pairs.forEach((pair, index) => {
    problems.push(
      ...checkLogin(pair, ['pairs', index, 'udesk']),
      ...checkFields(pair, ['pairs', index, 'fields']),
    );
  });
  draft.mails.forEach((mail, index) => {
    if (mail !== null) problems.push(...checkMail(mail, ['alerts', index]));
  });
  problems.push(...checkReports(draft), ...checkPeople(draft));
  return problems;
}

/** What was decided is kept under a name alone, so a name is one person's or one program's. */
function checkPeople({ people }: Draft): Problem[] {
  return duplicates(people.map(({ name }) => name.trim())).map(([index, first]) => ({
    path: [...(people[index]?.path ?? []), 'name'],
    message: `is the name of ${formatPath(people[first]?.path ?? [])} too; decisions are kept under it, so users and tokens need names of their own`,
  }));
}

function checkReports({ reports, reportAlerts, pairs }: Draft): Problem[] {
  const problems: Problem[] = [];
  duplicates(reports.map((report) => report?.every ?? null)).forEach(([index, first]) => {
    problems.push({
      path: ['reports', index, 'every'],
      message: `is the period of reports[${first}] too; each period has one report`,
    });
  });
  reports.forEach((report, index) => {
    if (report === null) return;
    if (report.directory === undefined && !reportAlerts.includes(true)) {
      problems.push({
        path: ['reports', index],
        message: 'goes nowhere: give a directory, or list report under `on` of an alert',
      });
    }
    report.pairs?.forEach((name, n) => {
      if (pairs.some((pair) => pair.name === name)) return;
      problems.push({
        path: ['reports', index, 'pairs', n],
        message: `names no pair: there is no "${name}"`,
      });
    });
  });
  const unused = reports.length === 0 ? reportAlerts.indexOf(true) : -1;
  if (unused >= 0) {
    problems.push({
      path: ['alerts', unused, 'on'],
      message: 'lists report, and no report is made: say when, under reports',
    });
  }
  return problems;
}

function checkMail({ tls, host, user, password }: EmailAlertConfig, path: Path): Problem[] {
  const problems: Problem[] = [];
  if (tls === 'none' && !isLoopback(host)) {
    problems.push({
      path: [...path, 'tls'],
      message: 'none would send mails, and the password, in the clear. Use starttls or implicit',
    });
  }
  if ((user === undefined) !== (password === undefined)) {
    const missing = user === undefined ? 'user' : 'password';
    problems.push({ path, message: `has no ${missing}: give both user and password, or neither` });
  }
  return problems;
}

/** 127.0.0.0/8, ::1 and localhost: nobody else can connect. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function checkLogin(pair: DraftPair, path: Path): Problem[] {
  if (pair.udeskKeys === null) return [];
  const token = pair.udeskKeys.includes('token');
  const password = pair.udeskKeys.includes('password');
  if (token && password) return [{ path, message: 'has both token and password; keep one of them' }];
  if (!token && !password) {
    return [{ path, message: 'has no token: set token (the Open API token), or password to log in with' }];
  }
  return [];
}

function checkFields(pair: DraftPair, path: Path): Problem[] {
  const problems: Problem[] = [];
  for (const side of ['udesk', 'crm'] as const) {
    duplicates(pair.fields.map((field) => field?.[side] ?? null)).forEach(([index, first]) => {
      problems.push({
        path: [...path, index, side],
        message: `is mapped by fields[${first}] already; a field can be mapped once`,
      });
    });
  }
  pair.fields.forEach((field, index) => {
    if (field === null) return;
    const other = pair.fields.findIndex((one) => one !== null && one !== field && overlaps(field, one));
    if (other >= 0 && other < index) {
      problems.push({
        path: [...path, index, 'crm'],
        message: `shares a field of the CRM with fields[${other}]; each may be written by one of them only`,
      });
    }
    if (field.as !== undefined && !REFERENCE_FIELDS.includes(field.udesk)) {
      problems.push({
        path: [...path, index, 'as'],
        message: `is for ${REFERENCE_FIELDS.join(', ')}; ${field.udesk} holds no reference`,
      });
    }
    if (field.as === 'name' && field.map !== undefined) {
      problems.push({
        path: [...path, index, 'as'],
        message: `"name" and a map cannot go together: the map of ${field.udesk} is from Udesk's ids. Take one of them out`,
      });
    }
    const isSet = isUdeskSet(field.udesk);
    if (isSet && field.policy !== 'hold' && field.policy !== 'union') {
      problems.push({
        path: [...path, index, 'policy'],
        message: `"${field.policy}" is for fields of one value, but ${field.udesk} holds several. Use union (both sides' entries are kept) or hold`,
      });
    }
    if (!isSet && field.policy === 'union') {
      problems.push({
        path: [...path, index, 'policy'],
        message: `"union" is for fields of several values (${UDESK_SET_FIELDS.join(', ')}), but ${field.udesk} holds one. Use hold, or a side that wins: udesk, crm`,
      });
    }
    if (isSet && (field.compare === 'boolean' || field.compare === 'number')) {
      problems.push({
        path: [...path, index, 'compare'],
        message: `"${field.compare}" cannot compare the entries of ${field.udesk}. Use text, exact, email or phone`,
      });
    }
  });
  return problems;
}

/** Whether two fields of different names would write into one field of the CRM; places in one document do not. */
function overlaps(one: FieldConfig, other: FieldConfig): boolean {
  if (one.crm === other.crm) return false;
  const insideBoth = [one, other].every(({ lenses = [] }) => lenses.some(({ kind }) => kind === 'path'));
  return !insideBoth && one.uses.some((field) => other.uses.includes(field));
}

/** [index, index of the first with the same name], for each that is not the first. */
function duplicates(names: readonly (string | null)[]): [index: number, first: number][] {
  return names.flatMap((name, index): [number, number][] => {
    const first = names.indexOf(name);
    return name !== null && first < index ? [[index, first]] : [];
  });
}
