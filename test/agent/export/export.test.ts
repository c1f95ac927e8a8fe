import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openManifest } from '../../../agent/check/open-manifest.ts';
import { cyclonedxOf } from '../../../agent/export/cyclonedx.ts';
import { mtreeOf } from '../../../agent/export/mtree.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { codeOf } from '../../support/code-of.ts';

describe('a manifest for other tools', () => {
  let bakery: Bakery;
  beforeAll(async () => {
    bakery = aBakery((root) => {
      mkdirSync(join(root, 'var/lib/dpkg'), { recursive: true });
      mkdirSync(join(root, 'etc'));
      writeFileSync(join(root, 'etc/os-release'), 'ID=debian\nVERSION_ID=12\n');
      const stanza = (name: string) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:3.0+b1\n\n`;
      writeFileSync(join(root, 'var/lib/dpkg/status'), stanza('openssl') + stanza('libc6'));
      writeFileSync(join(root, 'a b#*\n\\é'), 'odd', { mode: 0o640 });
    });
    await bakery.bake();
  });
  afterAll(() => bakery.close());

  const opened = () => openManifest(bakery.manifest, [bakery.pub]);

  it('has its packages with their URLs, and the image with its digest', async () => {
    const manifest = opened();
    const document = await cyclonedxOf(manifest);

    expect(document.components.map(({ name, version, purl }) => [name, version, purl])).toEqual([
      ['libc6:amd64', '1:3.0+b1', expect.stringMatching(/^pkg:deb\/debian\/libc6@1:3\.0%2Bb1\?/)],
      ['openssl:amd64', '1:3.0+b1', expect.stringMatching(/^pkg:deb\/debian\/openssl@/)],
    ]);
    expect(document.metadata.component.hashes).toEqual([
      { alg: 'SHA-256', content: manifest.image.digest.slice('sha256:'.length) },
    ]);
    const references = [document.metadata.component, ...document.components].map((one) => one['bom-ref']);
    expect(new Set(references).size).toBe(3);
    expect(document.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    manifest.close();
  });

  it('is the same each time', async () => {
    const manifest = opened();
    expect(JSON.stringify(await cyclonedxOf(manifest))).toBe(JSON.stringify(await cyclonedxOf(manifest)));
    manifest.close();
  });

  it('names no file so that mtree takes it for more than one, or for another', async () => {
    const manifest = opened();
    const pieces: string[] = [];
    for await (const piece of mtreeOf(manifest)) pieces.push(piece);
    const lines = pieces.join('').split('\n');

    expect(lines[0]).toBe('#mtree');
    expect(lines[2]).toMatch(/^\. type=dir mode=0\d{3} uid=\d+ gid=\d+$/);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^\.\/a\\040b\\043\\134\\052\\012\\134\\134\\303\\251 type=file mode=0640 uid=\d+ gid=\d+ size=3 sha256digest=[0-9a-f]{64}$/,
      ),
    );
    manifest.close();
  });

  it('is none where nobody we trust has signed', () => {
    const { publicKey } = generateKeyPairSync('ed25519');

    expect(codeOf(() => openManifest(bakery.manifest, [publicKey]))).toBe('SIGNATURE');
  });
});
