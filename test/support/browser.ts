import { type Browser, chromium } from 'playwright-core';
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
