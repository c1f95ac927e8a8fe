import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

/** A shared machine under load may be slow; what is waited for is a fact, so this only bounds a failure. */
const stepMsMax = 60_000;

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors in the console, uncaught ones, and requests to anywhere else. */
  readonly complaints: readonly string[];
}

/** A window of its own, with a note of all that a good console never does. */
export async function openPage(browser: Browser, server: string, options: BrowserContextOptions): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(stepMsMax);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const own = request.url().startsWith(`${server}/`) || request.url().startsWith('blob:');
    if (!own) complaints.push(`asked ${request.url()}`);
  });
  return { page, context, complaints };
}

/** Tab, as a person would, until the focused thing says this. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.textContent)) === name) return;
  }
  throw new Error(`no Tab reached ${name}`);
}

export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const run = (window as unknown as { axe: typeof axe }).axe.run;
    return (await run(document)).violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  });
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}
