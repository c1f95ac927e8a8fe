import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { aDirectory } from '../../support/directory.ts';
import { pristine } from '../../support/pristine-cli.ts';

const baked = 'hunter-of-the-bake';
const drifted = 'hunter-of-the-drift';

/** All that was written beneath a directory, whatever it is compressed with. */
function writtenIn(dir: string): string {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => {
      const bytes = readFileSync(join(file.parentPath, file.name));
      return (file.name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString();
    })
    .join('\n');
}

describe('a secret in a command', () => {
  it('is in no manifest, report or output, and that it came or changed is drift', async () => {
    const dir = aDirectory();
    const root = join(dir, 'root');
    const manifest = join(dir, 'manifest');
    const crontab = join(root, 'var/spool/cron/crontabs/root');
    mkdirSync(join(root, 'var/spool/cron/crontabs'), { recursive: true });
    mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
    writeFileSync(crontab, `@daily backup --password ${baked}\n`, { mode: 0o600 });
    // What everybody may read is kept as text, to tell what changed inside: here nobody may.
    const unit = join(root, 'etc/systemd/system/a.service');
    writeFileSync(unit, `[Service]\nExecStart=/x --token=${baked}\n`, { mode: 0o600 });
    const key = join(dir, 'key');
    await pristine(['keygen', '--out', key]);
    const common = ['--root', root, '--manifest', manifest, '--pub', `${key}.pub`];

    const bake = await pristine([
      ...['bake', '--root', root, '--image', 'web', '--image-version', '1', '--out', manifest, '--key', `${key}.key`],
    ]);
    const clean = await pristine(['verify', ...common]);
    appendFileSync(crontab, `@hourly curl -u me:${drifted} https://me:${drifted}@h\n`);
    writeFileSync(unit, `[Service]\nExecStart=/x --token=${drifted}\n`);
    const text = await pristine(['verify', ...common]);
    const json = await pristine(['verify', ...common, '--format', 'json']);
    const explained = await pristine(['explain', ...common, '/var/spool/cron/crontabs/root']);

    expect([bake.code, clean.code, text.code, json.code]).toEqual([0, 0, 1, 1]);
    const { findings } = JSON.parse(json.stdout) as { findings: { subject: string; name: string }[] };
    expect(findings.map(({ subject, name }) => [subject, name])).toEqual([
      ['cron', '/var/spool/cron/crontabs/root @hourly curl -u «redacted» https://«redacted»@h'],
      ['file', '/etc/systemd/system/a.service'],
      ['file', '/var/spool/cron/crontabs/root'],
    ]);
    const outputs = [bake, clean, text, json, explained].map(({ stdout, stderr }) => stdout + stderr);
    const everything = [writtenIn(manifest), ...outputs].join('\n');
    expect(everything).toContain('backup --password «redacted»');
    expect(everything).not.toContain(baked);
    expect(everything).not.toContain(drifted);
    rmSync(dir, { recursive: true });
  });
});
