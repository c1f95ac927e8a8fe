import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aDirectory } from '../../support/database.ts';
import { aServer, runCtl } from '../../support/server-process.ts';

let server: Awaited<ReturnType<typeof aServer>>;
const file = join(aDirectory(), 'exemption.yaml');
beforeAll(async () => {
  server = await aServer();
});
afterAll(() => server.stop());

const ctl = (...args: string[]) => runCtl(server, ...args);

it('exemptions are applied, listed, shown and ended from a shell', async () => {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  writeFileSync(
    file,
    `kind: Group
name: web
provider: {type: local, directory: /tmp/none, images: {}}
---
kind: Exemption
name: old-motd
drift: {fingerprint: ${'ab'.repeat(32)}}
group: web
reason: the next image has it
until: ${until}
`,
  );

  expect((await ctl('apply', '-f', file)).stdout).toContain('Exemption old-motd: created (version 1)');
  expect((await ctl('apply', '-f', file)).stdout).toContain('Exemption old-motd: unchanged (version 1)');
  expect((await ctl('exemptions', 'list')).stdout).toMatch(/old-motd\s+in_force\s+\S+\s+abababababab\s+group web\s+0/);
  expect((await ctl('exemptions', 'show', 'old-motd')).stdout).toMatch(/reason\s+the next image has it/);

  expect((await ctl('exemptions', 'end', 'old-motd', '--reason', 'over')).stdout).toMatch(/ended\s+\S+ by admin: over/);
  expect((await ctl('exemptions', 'list', '--json')).stdout).toContain('"items": []');
  expect(await ctl('exemptions', 'end', 'old-motd', '--reason', 'over')).toMatchObject({ code: 2 });
});

it('an exemption that is none is refused with its line, before anything is sent', async () => {
  writeFileSync(
    file,
    'kind: Exemption\nname: all\ndrift: {file: /etc/motd}\ngroup: web\nreason: no\nuntil: 2026-01-01T00:00:00Z\n',
  );

  expect(await ctl('apply', '-f', file)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('exemption.yaml:3'),
  });
});
