/** Worlds whose script is written by hand, and the database that a file of tests plays its worlds in. */
import { afterAll, beforeAll, inject } from 'vitest';
import { createWorldDatabase, type WorldDatabase } from './database.ts';
import type { Act, Interrupt, Script, Setting, Step } from './script.ts';

/** For all tests of a file. */
export function placeForWorlds(): Pick<WorldDatabase, 'database'> {
  let place: WorldDatabase | undefined;
  beforeAll(async () => {
    place = await createWorldDatabase((name) => inject('postgresUrl').replace(/\/[^/]*$/, `/${name}`));
  });
  afterAll(async () => {
    await place?.drop();
  });
  return {
    get database() {
      if (place === undefined) throw new Error('the database is there for tests only');
      return place.database;
    },
  };
}

/** Without its number, which is its place in the script. */
export type Bare<T> = T extends unknown ? Omit<T, 'id'> : never;

export function scriptOf(seed: string, setting: Setting, steps: readonly Bare<Step>[]): Script {
  return { seed, setting, steps: steps.map((one, id) => ({ id, ...one }) as Step) };
}

export function does(act: Act): Bare<Step> {
  return { kind: 'act', act };
}

/** It reads both sides. */
export function cycle(...interrupts: readonly Interrupt[]): Bare<Step> {
  return { kind: 'cycle', lanes: ['crm', 'head', 'sweep'], interrupts, deceit: null };
}
