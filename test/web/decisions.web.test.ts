import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../server/demo/console.ts';
import { createAccessToken } from '../../server/store/access-token-store.ts';
import { openDatabase } from '../../server/store/database.ts';
import type { Role } from '../../shared/role.ts';
import { launchBrowser, untilRead } from '../support/browser.ts';
import { aDirectory } from '../support/database.ts';
import { seedFleet } from '../support/seed.ts';
import { seedDecisions } from '../support/seed-decisions.ts';
import { type ServerProcess, startServerProcess } from '../support/web-server.ts';
import { type Opened, openPage, tabTo, violations } from './console-page.ts';

await buildConsole();
const browser: Browser | undefined = await launchBrowser();

describe.skipIf(browser === undefined)('what people decide in the console', () => {
  let server: ServerProcess;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    const data = aDirectory();
    const db = await openDatabase({ file: join(data, 'pristine.db') });
    await seedFleet(db, Date.now());
    await seedDecisions(db, Date.now());
    for (const [name, role] of [
      ['vera', 'viewer'],
      ['olga', 'operator'],
      ['anna', 'approver'],
      ['carol', 'approver'],
    ] as const)
      tokens.set(name, await aTokenOf(db, name, role));
    await db.destroy();
    server = await startServerProcess(data);
  });

  afterAll(async () => {
    await server?.stop();
    await browser?.close();
  });

  it('shows a request with all that a yes is bound to, and a viewer cannot press', async () => {
    const { page, context, complaints } = await openAs('vera', '/approvals');
    const request = page.getByRole('region', { name: 'shop: high drift' });
    await request.waitFor();

    const text = await request.textContent();
    expect(text).toMatch(/modified file \/etc\/ssh\/sshd_config[\s\S]*careful, version 2[\s\S]*web@7[\s\S]*sha256:/);
    expect(text).toMatch(/1 person, none of them carol or alice/);
    expect(text).not.toContain('\u202e');
    for (const name of ['Approve', 'Refuse', 'Stop everything'])
      expect(await buttonOf(page, name).isDisabled()).toBe(true);
    expect(await buttonOf(page, 'Approve').getAttribute('title')).toContain('role approver');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('does not let who applied the policy approve it', async () => {
    const { page, context } = await openAs('carol', '/approvals');
    await page.getByRole('region', { name: 'shop: high drift' }).waitFor();

    await page.getByText('carol, approver').waitFor();
    expect(await buttonOf(page, 'Approve').isDisabled()).toBe(true);
    expect(await buttonOf(page, 'Refuse').isEnabled()).toBe(true);
    await context.close();
  });

  it('refuses and approves with a reason, and another window sees it', async () => {
    const { page, context, complaints } = await openAs('anna', '/approvals');
    const other = await openAs('vera', '/approvals');
    const request = page.getByRole('region', { name: 'shop: high drift' });

    await request.getByRole('button', { name: 'Refuse' }).click();
    await decide(page, 'Refuse', 'the image is wrong');
    await request.getByText('Refused by').waitFor();
    await other.page.getByText('the image is wrong').waitFor();
    await request.getByRole('button', { name: 'Approve' }).click();
    await page.getByLabel('At most so many instances').fill('2');
    await decide(page, 'Approve', 'it is not, I looked');

    await request.getByText('0 of 2').waitFor();
    await other.page.getByText('it is not, I looked').waitFor();
    expect(await request.textContent()).toMatch(/approved[\s\S]*anna/);
    expect(await request.getByText('Refused by').count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
    await other.context.close();
  });

  it('says in the dialog what the server refuses, and Escape closes it where it was opened', async () => {
    const { page, context } = await openAs('anna', '/approvals');

    await page.getByRole('region', { name: 'shop: high drift' }).waitFor();
    await tabTo(page, 'Approve');
    await page.keyboard.press('Enter');
    await page.getByLabel('For how long').fill('soon');
    await decide(page, 'Approve', 'seen');
    await page.getByRole('dialog').getByRole('alert').getByText('USAGE').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');

    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Approve');
    await context.close();
  });

  it('stops everything from any screen, and every screen says so until it is lifted', async () => {
    const { page, context, complaints } = await openAs('olga', '/audit');
    const other = await openAs('vera', '/policies/careful');
    const stopped = 'Everything is stopped: nothing is replaced';
    await untilRead(other.page);

    await buttonOf(page, 'Stop everything').click();
    await decide(page, 'Stop everything', 'it replaces what it should not');
    await page.getByText(stopped).waitFor();
    await other.page.getByText(stopped).waitFor();
    await page.getByText('hold.placed').first().waitFor();
    await page.getByRole('link', { name: 'Holds' }).click();
    await page.getByRole('table', { name: 'Holds' }).getByText('everything').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('alert').getByRole('button', { name: 'Let it go on' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Let it go on' }).click();

    await page.getByText(stopped).waitFor({ state: 'detached' });
    await other.page.getByText(stopped).waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await context.close();
    await other.context.close();
  });

  it('holds a group and lifts that', async () => {
    const { page, context } = await openAs('olga', '/holds');
    await page.getByText('its database is being moved').waitFor();

    await buttonOf(page, 'Hold a group').click();
    await page.getByLabel('Group', { exact: true }).selectOption('batch');
    await decide(page, 'Hold a group', 'payday');
    const held = page.getByRole('row').filter({ hasText: 'payday' });
    await held.getByText('group batch').waitFor();
    await held.getByRole('button', { name: 'Lift' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Lift' }).click();

    await held.waitFor({ state: 'detached' });
    await context.close();
  });

  it('shows what is kept, by whom and until when; keeps it longer; and only an approver may release it', async () => {
    const { page, context, complaints } = await openAs('olga', '/quarantine');
    const kept = page.getByRole('table', { name: 'Kept machines' });
    await kept.getByText('in 2 days').waitFor();

    expect(await kept.textContent()).toMatch(
      /shop-3[\s\S]*kept[\s\S]*critical[\s\S]*policy careful[\s\S]*\/srv\/evidence\/snap-3/,
    );
    await page.getByText('orphan').first().waitFor();
    expect(await buttonOf(page, 'Release').isDisabled()).toBe(true);
    await kept.getByRole('button', { name: 'Keep longer' }).click();
    await page.getByLabel('How much longer').fill('48h');
    await decide(page, 'Keep longer', 'the disk is being read');

    await kept.getByText('in 4 days').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('rolls a group back to the image before, and shows who did', async () => {
    const { page, context, complaints } = await openAs('olga', '/images');
    const shop = page.getByRole('region', { name: 'shop' });
    await shop.getByText('canaries first').waitFor();

    await shop.getByRole('button', { name: 'Roll back to web@6' }).click();
    await decide(page, 'Roll back to web@6', 'web@7 is broken');

    await shop.getByText('web@7 is broken').waitFor();
    await shop.getByText('What it promoted before').click();
    await page.getByRole('table', { name: 'Promotions of shop' }).getByText('rolled back').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says what a policy would do, what is odd about another, and who declared which version', async () => {
    const { page, context, complaints } = await openAs('vera', '/policies');
    await page.getByRole('link', { name: 'nowhere' }).click();
    await page.getByText('never matches').first().waitFor();
    await page.getByRole('link', { name: 'Policies' }).first().click();
    await page.getByRole('link', { name: 'watch-web' }).click();

    await page.getByRole('button', { name: 'What would it do?' }).click();
    const simulation = page.getByRole('status', { name: 'Simulation' });
    await simulation.getByText('Now, if it enforced').waitFor();
    expect(await simulation.textContent()).toMatch(/It wants \d instances? replaced/);
    await simulation.getByRole('row', { name: 'observe' }).waitFor();
    await page.goto(`${server.url}/policies/careful`);
    await page.getByRole('table', { name: 'Versions' }).getByText('carol').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('shows exemptions, the audit, and machines that never spoke', async () => {
    const { page, context, complaints } = await openAs('vera', '/exemptions');
    const exemptions = page.getByRole('table', { name: 'Exemptions' });
    await exemptions.getByText('old-motd').waitFor();
    expect(await exemptions.textContent()).toMatch(/modified \/etc\/motd[\s\S]*shop \(0 instances now\)[\s\S]*erin/);

    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByText('exemption.declared').waitFor();
    await page.getByRole('link', { name: 'Fleet', exact: true }).click();

    const absent = page.getByRole('table', { name: 'Machines without an agent' });
    await absent.getByText('shop-9').waitFor();
    expect(await absent.textContent()).toMatch(/absent[\s\S]*shop[\s\S]*eu-1[\s\S]*1 hour ago/);
    await page.getByText('Held: nothing is replaced in shop').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  const paths = ['approvals', 'holds', 'quarantine', 'images', 'policies', 'policies/careful', 'exemptions', 'audit'];
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 320]) {
      it(`has no serious accessibility violation and no sideways scrolling, ${colorScheme}, ${width} px wide`, async () => {
        const { page, context } = await openAs('anna', '/', { colorScheme, viewport: { width, height: 800 } });

        for (const path of paths) {
          await page.goto(`${server.url}/${path}`);
          await untilRead(page);

          expect(await violations(page), path).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
        }
        await context.close();
      });
    }
  }

  async function openAs(name: string, path: string, options: BrowserContextOptions = {}): Promise<Opened> {
    const opened = await openPage(browser!, server.url, options);
    await opened.page.goto(`${server.url}${path}#token=${tokens.get(name)}`);
    await opened.page.getByRole('heading', { level: 1 }).first().waitFor();
    return opened;
  }
});

const buttonOf = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** The reason, and then the button of the dialog that says what is done. */
async function decide(page: Page, label: string, reason: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: label }).click();
}

async function aTokenOf(db: Awaited<ReturnType<typeof openDatabase>>, name: string, role: Role): Promise<string> {
  const wanted = { name, role, expiresInMs: null, actor: 'admin' };
  return (await db.transaction().execute((tx) => createAccessToken(tx, wanted, Date.now()))).token;
}
