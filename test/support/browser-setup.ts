/** vitest globalSetup of the browser tests: a skip is never silent. */
import { chromiumPath } from './browser.ts';

export default function setup(): void {
  if (chromiumPath !== null) return;
  console.error(
    'browser tests are skipped: no Chromium was found. On Debian: apt-get install -y chromium; elsewhere set CHROMIUM_PATH.',
  );
}
