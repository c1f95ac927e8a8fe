import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../server/demo/console.ts';
import { openDatabase } from '../../server/store/database.ts';
import type { ReplacementView } from '../../shared/api.ts';
import { launchBrowser, untilRead } from '../support/browser.ts';
import { aDirectory } from '../support/database.ts';
import { houseDir } from '../support/house.ts';
import { type Seeded, seedFleet } from '../support/seed.ts';
import { type ServerProcess, startServerProcess } from '../support/web-server.ts';
import { type Opened, openPage, tabTo, violations } from './console-page.ts';

const dist = join(houseDir, 'server/web/dist');
const initialGzipBytesMax = 250_000;
const crowd = 600;

await buildConsole();
const browser: Browser | undefined = await launchBrowser();

describe.skipIf(browser === undefined)('the console in a real Chromium', () => {
  let server: ServerProcess;
  let data: string;
  let seeded: Seeded;

  beforeAll(async () => {
    data = aDirectory();
    const db = await openDatabase({ file: join(data, 'pristine.db') });
    seeded = await seedFleet(db, Date.now(), crowd);
    await db.destroy();
    server = await startServerProcess(data);
  });

  afterAll(async () => {
    await server?.stop();
    await browser?.close();
  });

  it('asks for the token, says when it is wrong, and opens with the right one', async () => {
    const { page, context } = await open();

    await page.goto(server.url);
    await page.getByLabel('Access token', { exact: true }).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('does not accept').waitFor();
    await page.getByLabel('Access token', { exact: true }).fill(server.token);
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    await context.close();
  });

  it('takes the token of a link once and removes it from the address', async () => {
    const { page, context } = await open();

    await page.goto(`${server.url}/?content=drifted#token=${server.token}`);
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();

    expect(page.url()).toBe(`${server.url}/?content=drifted`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await context.close();
  });

  it('shows the fleet, what needs attention first, with no more rows in the page than are near the window', async () => {
    const { page, context, complaints } = await openSignedIn('/');

    const rows = page.locator('tbody tr[data-index]');
    await rows.first().waitFor();

    expect(await rows.first().textContent()).toMatch(
      /web-03[\s\S]*drifted[\s\S]*tainted critical[\s\S]*3 open findings/,
    );
    expect(await rows.count()).toBeLessThan(60);
    const allRows = Number(await page.getByRole('table', { name: 'Instances' }).getAttribute('aria-rowcount')) - 1;
    expect(allRows).toBe(crowd + 13);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.locator(`tbody tr[data-index="${allRows - 1}"]`).waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('keeps what is chosen in the address, and restores it from there', async () => {
    const { page, context, complaints } = await openSignedIn('/');

    await page.getByRole('button', { name: 'drifted 2' }).click();
    await page.getByRole('button', { name: /^unverifiable 3/ }).click();
    await page.getByRole('link', { name: /^web-prod 12 instances/ }).click();
    await page.getByLabel('Search by').fill('web-0');
    await page.waitForURL((url) => url.searchParams.get('q') === 'web-0');

    const search = new URL(page.url()).searchParams;
    expect(Object.fromEntries(search)).toEqual({ content: 'drifted,unverifiable', group: 'web-prod', q: 'web-0' });
    expect(page.url()).toContain('content=drifted,unverifiable');
    await page.reload();
    await page.getByText('Showing 3 of').waitFor();
    expect(await page.locator('tbody tr[data-index]').count()).toBe(3);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('shows a change that somebody else makes, without being asked', async () => {
    const { page, context, complaints } = await openSignedIn('/?q=web-05');
    await page.getByText('tainted medium').waitFor();
    await page.getByText('Breaker tripped: nothing is replaced in batch').waitFor();
    await page.getByRole('status', { name: 'Connection' }).getByText('live', { exact: true }).waitFor();

    await post(`instances/${seeded.reverted}/pardon`, { reason: 'a test' });
    await post('groups/batch/breaker:reset', { reason: 'a test' });

    await page.getByText('tainted medium').waitFor({ state: 'detached' });
    await page.getByText('Breaker tripped: nothing is replaced in batch').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says that it is not live while the server is away, and catches up when it is back', async () => {
    const { page, context } = await openSignedIn('/');
    const status = page.getByRole('status', { name: 'Connection' });
    await status.getByText('live', { exact: true }).waitFor();

    await server.stop();
    await status.getByText('not live').waitFor();
    server = await startServerProcess(data, new URL(server.url).host);
    await status.getByText('live', { exact: true }).waitFor();
    await post('apply', { ...(await groupSpec('batch')), name: 'made-later' });

    await page.getByRole('link', { name: /^made-later 0 instances/ }).waitFor();
    await context.close();
  });

  it('shows what the server saw on the disk itself, and what the agent did not tell of it', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.drifted}`);
    const panel = page.getByRole('region', { name: 'Seen from outside' });
    await panel.getByText('the agent lied or was blinded').waitFor();

    const text = await panel.textContent();
    expect(text).toMatch(/differs[\s\S]*drawn by lot[\s\S]*11,679 subjects checked in 2\.41 s/);
    expect(text).toMatch(/cod\.exe[\s\S]*told nothing of it[\s\S]*\/etc\/motd[\s\S]*it may be no lie/);
    expect(text).toContain('\\u{202e}');
    await panel.getByText('2 looks before').click();
    await panel.getByText('the provider did not answer').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says of an instance in doubt why, and what ends it, whatever its verdict', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.doubted}`);
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByText('In doubt since').waitFor();

    expect(await verdict.textContent()).toMatch(/drifted[\s\S]*two live connections[\s\S]*revoke-key and retire it/);
    expect(await page.getByRole('region', { name: 'Identity and facts' }).textContent()).toMatch(/by join token/);
    await page.getByRole('link', { name: 'Fleet' }).first().click();
    await page.getByText('in doubt: cloned key; 1 open finding').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says of an instance that nobody has looked at its disk from outside', async () => {
    const { page, context } = await openSignedIn(`/instances/${seeded.holes}`);

    await page.getByText('The server has not looked at this disk itself yet').waitFor();
    await context.close();
  });

  it('shows the verdict with its evidence and each finding, hidden characters made visible', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.drifted}`);
    await page.getByText('It differs from the image: 3 open findings.').waitFor();
    await page.getByRole('heading', { name: '3 open findings' }).waitFor();

    const text = await page.locator('main').textContent();

    expect(text).toContain('11,677 subjects checked against 11,677 entries, without holes');
    expect(text).toContain('/usr/bin/\\u{202e}cod.exe\\u{200b}');
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/);
    expect(text).toContain('9,812, 327 MB');
    expect(text).toMatch(/content ≠ differs/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('names the place that could not be measured', async () => {
    const { page, context } = await openSignedIn(`/instances/${seeded.holes}`);

    await page.getByText('1 place could not be measured').waitFor();
    await page.getByText('/etc/shadow').waitFor();
    await context.close();
  });

  it('says that there is no such instance', async () => {
    const { page, context } = await openSignedIn('/instances/00000000-0000-7000-8000-000000000000');

    await page.getByRole('alert').getByText('NOT_FOUND').waitFor();
    await context.close();
  });

  it('shows replacements, their steps, and the proof exactly as the server keeps it', async () => {
    const { page, context, complaints } = await openSignedIn('/replacements');
    await page.getByRole('link', { name: 'web-02 → web-13' }).click();
    await page.getByText('measured in sync by a complete scan').waitFor();

    const steps = await page.locator('ol > li').allTextContents();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const file = await (await downloading).path();

    const way = ['reserved', 'launching', 'verifying', 'draining', 'terminating', 'proving', 'soaking', 'succeeded'];
    expect(steps).toEqual(way.map((state) => expect.stringMatching(`^${state}`)));
    const kept = await get<ReplacementView>(`replacements/${seeded.proven}`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(kept.proof);
    await page.getByText('/etc/ssh/sshd_config').first().waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says why a replacement failed', async () => {
    const { page, context } = await openSignedIn(`/replacements/${seeded.failed}`);

    await page.getByRole('alert').getByText('drifted before its first clean scan').waitFor();
    await context.close();
  });

  it('says why a drifted instance is not being replaced', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.drifted}`);

    await page.getByRole('heading', { name: 'Why it is not being replaced now' }).waitFor();
    await page.getByText('policy watch-web only observes').first().waitFor();
    await page.getByRole('link', { name: 'Replacements' }).click();
    await page.getByRole('heading', { name: /wait in web-prod/ }).waitFor();

    expect(await page.getByRole('list', { name: 'Held by policy watch-web' }).count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('can be used with the keyboard alone', async () => {
    const { page, context } = await openSignedIn('/');
    await page.locator('tbody tr[data-index]').first().waitFor();

    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await tabTo(page, 'web-03');
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'web-03' }).waitFor();
    await context.close();
  });

  const paths = () => [
    '/',
    `/instances/${seeded.drifted}`,
    `/instances/${seeded.restored}`,
    '/replacements',
    `/replacements/${seeded.proven}`,
  ];
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 320]) {
      it(`has no serious accessibility violation and no sideways scrolling, ${colorScheme}, ${width} px wide`, async () => {
        const { page, context } = await openSignedIn('/', { colorScheme, viewport: { width, height: 800 } });

        for (const path of paths()) {
          await page.goto(server.url + path);
          await untilRead(page);

          expect(await violations(page), path).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
        }
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
        expect(await violations(page), 'login').toEqual([]);
        await context.close();
      });
    }
  }

  const open = (options: BrowserContextOptions = {}) => openPage(browser!, server.url, options);

  async function openSignedIn(path: string, options: BrowserContextOptions = {}): Promise<Opened> {
    const opened = await open(options);
    await opened.page.goto(`${server.url}${path}#token=${server.token}`);
    await untilRead(opened.page);
    return opened;
  }

  function headers() {
    return { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
  }

  async function post(path: string, body: unknown): Promise<void> {
    const init = { method: 'POST', headers: headers(), body: JSON.stringify(body) };
    const response = await fetch(`${server.url}/api/v1/${path}`, init);
    expect(response.ok, `${path}: ${response.status} ${await response.text()}`).toBe(true);
  }

  async function get<T>(path: string): Promise<T> {
    return (await (await fetch(`${server.url}/api/v1/${path}`, { headers: headers() })).json()) as T;
  }

  async function groupSpec(name: string): Promise<object> {
    return (await get<{ group: object }>(`groups/${name}`)).group;
  }
});

describe('the built console', () => {
  it('starts with at most 250 KB of script, compressed', () => {
    const html = readFileSync(join(dist, 'index.html'), 'utf8');
    const initial = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map((match) => match[1]!);

    const sizes = initial.map((file) => gzipSync(readFileSync(join(dist, file))).length);

    expect(initial.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(initialGzipBytesMax);
  });

  it('has no inline script, no foreign address and nothing of Node in it', () => {
    const html = readFileSync(join(dist, 'index.html'), 'utf8');
    const scripts = readdirSync(join(dist, 'assets')).filter((file) => file.endsWith('.js'));

    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/\bhttps?:/);
    for (const file of scripts) expect(readFileSync(join(dist, 'assets', file), 'utf8')).not.toMatch(/["'`]node:/);
  });
});
