/** All pages, in the order of the menu. */
import type { Page } from './page.ts';
import { apiPage } from './pages/api.ts';
import { conflictsPage } from './pages/conflicts.ts';
import { homePage } from './pages/home.ts';
import { languagePage } from './pages/language.ts';
import { linksPage } from './pages/links.ts';
import { plansPage } from './pages/plans.ts';
import { signInPage } from './pages/sign-in.ts';

export const PAGES: readonly Page[] = [
  homePage,
  conflictsPage,
  linksPage,
  plansPage,
  signInPage,
  languagePage,
  apiPage,
];
