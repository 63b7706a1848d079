/** All pages, in the order of the menu. */
import type { Page } from './page.ts';
import { apiPage } from './pages/api.ts';
import { conflictsPage } from './pages/conflicts.ts';
import { customersPage } from './pages/customers.ts';
import { homePage } from './pages/home.ts';
import { languagePage } from './pages/language.ts';
import { linksPage } from './pages/links.ts';
import { parkedPage } from './pages/parked.ts';
import { plansPage } from './pages/plans.ts';
import { runsPage } from './pages/runs.ts';
import { signInPage } from './pages/sign-in.ts';
import { similarPage } from './pages/similar.ts';

export const PAGES: readonly Page[] = [
  homePage,
  similarPage,
  conflictsPage,
  linksPage,
  parkedPage,
  runsPage,
  plansPage,
  customersPage,
  signInPage,
  languagePage,
  apiPage,
];
