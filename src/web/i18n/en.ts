import { accountEn } from './account/en.ts';
import { commonEn } from './common/en.ts';
import { conflictsEn } from './conflicts/en.ts';
import { customersEn } from './customers/en.ts';
import { linksEn } from './links/en.ts';
import { overviewEn } from './overview/en.ts';
import { parkedEn } from './parked/en.ts';
import { plansEn } from './plans/en.ts';
import { shellEn } from './shell/en.ts';
import { similarEn } from './similar/en.ts';

/**
 * English, a file for each part of the pages. The keys of this dictionary are the keys of all: another language that lacks
 * one does not compile.
 */
export const en = {
  ...shellEn,
  ...commonEn,
  ...conflictsEn,
  ...linksEn,
  ...parkedEn,
  ...plansEn,
  ...customersEn,
  ...overviewEn,
  ...similarEn,
  ...accountEn,
} as const;

export type WordKey = keyof typeof en;
