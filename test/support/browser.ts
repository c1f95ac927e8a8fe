import { type Browser, chromium, type Page } from 'playwright-core';
import { ensurePrograms, findProgram } from '../../packaging/apt.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Nothing but the page under test may use the network or the disk of whoever runs this. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real Chromium, found or, as root, installed with apt-get. Undefined where there is none to be had. */
export async function launchBrowser(): Promise<Browser | undefined> {
  if (findProgram(names) === undefined) await ensurePrograms({ chromium: 'chromium' });
  const executablePath = findProgram(names);
  if (executablePath === undefined) return undefined;
  return chromium.launch({ executablePath, headless: true, args: quiet });
}

/**
 * Until the console has read what its page shows. The stream of changes never ends, so there is no idle network to wait
 * for: that the last mark of reading is gone is the fact.
 */
export async function untilRead(page: Page): Promise<void> {
  await page.locator('h1, [role="alert"]').first().waitFor();
  const marks = page.locator('[aria-label^="Reading "]');
  while ((await marks.count()) > 0) await marks.first().waitFor({ state: 'detached' });
}
