import { afterAll, expect, test } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/db.ts';
import { postgresHarness, quoted } from './postgres-harness.ts';
import { describeSide } from './suite.ts';

let database: TestDatabase | null = null;
afterAll(() => database?.drop());
let asked: readonly string[] = [];

describeSide(
  'postgres: names in quotes, two schemas, child tables, changes by version, a login with the printed grants alone',
  async () => {
    database ??= await createEmptyDatabase();
    return postgresHarness(database.url, quoted, {
      least: true,
      told: (statements) => {
        asked = statements;
      },
    });
  },
);

test('the grants that the login lacked were printed, and no more than these', () => {
  const to = (statement: string) => statement.replace(/ to "Least.*";$/, '');
  expect(asked.map(to).sort()).toEqual(
    [
      'grant usage on schema "My CRM.v2"',
      `grant usage on schema "Child's"`,
      'grant select ("Nr.", "Udesk Id", "Row Version", "Edited by", "Edited at", "Full Name", "no.te") on "My CRM.v2"."Con""tact"',
      'grant insert ("Full Name", "no.te", "Udesk Id", "Edited by", "Edited at") on "My CRM.v2"."Con""tact"',
      'grant update ("Full Name", "no.te", "Udesk Id", "Edited by", "Edited at") on "My CRM.v2"."Con""tact"',
      'grant usage on sequence "My CRM.v2"."Con""tact_Nr._seq"',
      'grant usage on sequence "My CRM.v2"."Row Versions"',
      'grant delete on "My CRM.v2"."Con""tact"',
      `grant select ("Id", "Con tact", "Add.ress", "First?") on "Child's"."E-Mails"`,
      `grant insert ("Con tact", "Add.ress") on "Child's"."E-Mails"`,
      `grant update ("Add.ress", "First?") on "Child's"."E-Mails"`,
      `grant usage on sequence "Child's"."E-Mails_Id_seq"`,
      `grant delete on "Child's"."E-Mails"`,
      `grant select ("Id", "Owner", "Number") on "Child's"."Tele phones"`,
      `grant insert ("Owner", "Number", "Id") on "Child's"."Tele phones"`,
      `grant update ("Number") on "Child's"."Tele phones"`,
      `grant delete on "Child's"."Tele phones"`,
    ].sort(),
  );
});
