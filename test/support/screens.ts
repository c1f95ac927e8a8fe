import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import type { Instance, PolicyView, ReplacementView } from '../../shared/api.ts';
import { launchBrowser, untilRead } from './browser.ts';

interface Target {
  readonly server: string;
  readonly token: string;
  readonly out: string;
}

const lists = ['replacements', 'approvals', 'holds', 'quarantine', 'images', 'policies', 'exemptions', 'audit'];

const usage = 'usage: npm run screens -- --server URL --token-file FILE --out DIR';

/** Pictures of each screen of a running server, in light and dark, and on a narrow window. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { server: { type: 'string' }, 'token-file': { type: 'string' }, out: { type: 'string' } },
  });
  const { server, out, 'token-file': tokenFile } = values;
  if (server === undefined || out === undefined || tokenFile === undefined) throw new Error(usage);
  const browser = await launchBrowser();
  if (browser === undefined) throw new Error('no Chromium here, and only root can install one with apt-get');
  try {
    await takeAll(browser, { server: server.replace(/\/+$/, ''), out, token: readFileSync(tokenFile, 'utf8').trim() });
  } finally {
    await browser.close();
  }
}

async function takeAll(browser: Browser, target: Target): Promise<void> {
  mkdirSync(target.out, { recursive: true });
  const pages = await pagesOf(target);
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, width, height] of [['wide', 1280, 800] as const, ['narrow', 320, 640] as const]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: 'reduce' });
      const page = await context.newPage();
      await take(page, `${target.server}/`, join(target.out, `login-${size}-${colorScheme}.png`));
      await page.goto(`${target.server}/#token=${encodeURIComponent(target.token)}`);
      // The same document took the fragment only if it was loaded with it.
      await page.reload();
      for (const [name, path] of pages) {
        await take(page, target.server + path, join(target.out, `${name}-${size}-${colorScheme}.png`));
      }
      await context.close();
    }
  }
}

async function take(page: Page, address: string, file: string): Promise<void> {
  await page.goto(address);
  await untilRead(page);
  await page.screenshot({ path: file, fullPage: true });
  console.log(file);
}

/** The screens that there are, with the instance (a retired one too) and the replacement that have most to show. */
async function pagesOf(target: Target): Promise<readonly (readonly [name: string, path: string])[]> {
  const instances = await read<Instance>(target, 'instances?all=true&limit=500');
  const replacements = await read<ReplacementView>(target, 'replacements?limit=500');
  const [policy] = await read<PolicyView>(target, 'policies');
  const instance = instances.toSorted((a, b) => b.openFindings - a.openFindings)[0];
  const replacement = replacements.find(({ proof }) => proof !== null) ?? replacements[0];
  return [
    ['fleet', '/'],
    ...lists.map((name) => [name, `/${name}`] as const),
    ...(policy ? [['policy', `/policies/${policy.policy.name}`] as const] : []),
    ...(instance ? [['instance', `/instances/${instance.id}`] as const] : []),
    ...(replacement ? [['replacement', `/replacements/${replacement.id}`] as const] : []),
  ];
}

async function read<T>({ server, token }: Target, path: string): Promise<readonly T[]> {
  const response = await fetch(`${server}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  return ((await response.json()) as { items: T[] }).items;
}

await main();
