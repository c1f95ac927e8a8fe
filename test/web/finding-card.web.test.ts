import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../server/demo/console.ts';
import { openDatabase } from '../../server/store/database.ts';
import { launchBrowser, untilRead } from '../support/browser.ts';
import { aDirectory } from '../support/database.ts';
import { type Seeded, seedFleet } from '../support/seed.ts';
import { type ServerProcess, startServerProcess } from '../support/web-server.ts';
import { type Opened, openPage } from './console-page.ts';

await buildConsole();
const browser: Browser | undefined = await launchBrowser();

describe.skipIf(browser === undefined)('the card of a finding', () => {
  let server: ServerProcess;
  let seeded: Seeded;

  beforeAll(async () => {
    const data = aDirectory();
    const db = await openDatabase({ file: join(data, 'pristine.db') });
    seeded = await seedFleet(db, Date.now());
    await db.destroy();
    server = await startServerProcess(data);
  });

  afterAll(async () => {
    await server?.stop();
    await browser?.close();
  });

  it('shows what changed inside a file as text, and closes and opens it by the keyboard', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.drifted}`);
    const summary = page.getByText('What changed inside, 2 redactions');
    const added = page.locator('[data-kind="added"]', { hasText: 'PermitRootLogin yes' });
    await added.waitFor();

    const shown = await page.locator('details pre').textContent();
    await summary.focus();
    await page.keyboard.press('Enter');
    await added.waitFor({ state: 'hidden' });
    await page.keyboard.press('Enter');
    await added.waitFor();

    expect(shown).toContain('+Banner <b>new</b> \\u{202e}evil');
    expect(shown).toContain(' #StrictModes\tyes');
    expect(await page.locator('details pre mark').allTextContents()).toEqual(['«redacted 1»', '«redacted 2»']);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says who changed something, as text, and how often', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.drifted}`);
    const card = (name: string) => page.locator('li', { hasText: name });
    await card('/etc/ssh/sshd_config').first().waitFor();

    const [sshd, setuid, gone] = [
      await card('/etc/ssh/sshd_config').first().textContent(),
      await card('cod.exe').first().textContent(),
      await card('/usr/share/doc/web/README').first().textContent(),
    ];

    expect(sshd).toContain('by /usr/bin/vim.basic (pid 4711) as root, logged in as uid 1000, session 42');
    expect(sshd).toContain('Started by /usr/bin/bash ← /usr/bin/sudo ← /usr/sbin/sshd');
    expect(sshd).toMatch(/and by \/usr\/bin\/python3\.11.*, in deploy\.service, in container 3f3f3f3f3f3fStarted by/);
    expect(sshd).toContain('and 3 more changes.');
    expect(setuid).toContain('by /tmp/\\u{202e}fdp.<b>sh</b> as uid 7 (pid 666) as uid 33, in web\\u{2066}.service');
    expect(setuid).toContain('Started by process 665');
    expect(setuid).not.toContain('more change');
    expect(gone).toContain('Changed 2 times. The kernel did not tell by whom.');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says that a file was written and restored, on an instance that stays in sync', async () => {
    const { page, context, complaints } = await openSignedIn(`/instances/${seeded.restored}`);
    const card = page.locator('li', { hasText: '/usr/bin/passwd' }).first();
    await card.waitFor();

    const text = await card.textContent();

    expect(text).toContain('written and restored');
    expect(text).toContain('by /usr/bin/vim.basic (pid 812)');
    expect(await card.locator('table').count()).toBe(0);
    await page.getByText('Everything that was measured is as the image says.').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  async function openSignedIn(path: string): Promise<Opened> {
    const opened = await openPage(browser!, server.url, {});
    await opened.page.goto(`${server.url}${path}#token=${server.token}`);
    await untilRead(opened.page);
    return opened;
  }
});
