import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  canonical,
  entriesText,
  files,
  forgeEntries,
  readEntries,
  resign,
  signStored,
} from '../support/manifest-oracle.ts';
import { bake, bakeSigned, type Keys, keygen, pristine, succeed, verify } from '../support/pristine-cli.ts';
import { aWorkbench } from '../support/workbench.ts';

// A manifest that is not exactly what somebody trusted has signed says nothing: exit 3, no findings, a reason.
describe('verify refuses', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let other: Keys;
  let root: string;
  let good: string;

  beforeAll(async () => {
    other = await keygen(join(place.dir, 'other'));
    root = place.folder('root');
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/a'), 'a');
    writeFileSync(join(root, 'etc/b'), 'b'.repeat(10_000));
    symlinkSync('a', join(root, 'etc/link'));
    good = join(place.dir, 'good');
    await bakeSigned({ root, out: good, key: keys.key });
  }, 60_000);

  let copies = 0;
  const aCopy = () => {
    copies += 1;
    const dir = join(place.dir, `copy-${copies}`);
    cpSync(good, dir, { recursive: true });
    return dir;
  };

  async function refused(manifest: string, pub = keys.pub): Promise<string | undefined> {
    const { code, report } = await verify({ root, manifest, pub });
    expect(code, 'exit code').toBe(3);
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe('unverifiable');
    expect(report.coverage.holes).toHaveLength(1);
    expect(report.coverage.holes[0]?.subject).toBe('manifest');
    return report.error?.code;
  }

  it('nothing of a good manifest', async () => {
    expect((await verify({ root, manifest: good, pub: keys.pub })).code).toBe(0);
  });

  it('a manifest signed by somebody else', async () => {
    const { report } = await verify({ root, manifest: good, pub: other.pub });

    expect(await refused(good, other.pub)).toBe('SIGNATURE');
    expect(report.coverage.holes[0]?.reason).toBe('bad-signature');
    expect(report.image).toBeNull();
  });

  it('an unsigned manifest, until it is signed', async () => {
    const manifest = join(place.dir, 'unsigned');
    expect((await bake({ root, out: manifest })).code).toBe(0);

    expect(await refused(manifest)).toBe('UNSIGNED');
    await succeed(['sign', '--manifest', manifest, '--key', keys.key]);
    await succeed(['sign', '--manifest', manifest, '--key', other.key]);
    await succeed(['sign', '--manifest', manifest, '--key', other.key]);

    expect((await verify({ root, manifest, pub: keys.pub })).code).toBe(0);
    expect((await verify({ root, manifest, pub: other.pub })).code).toBe(0);
    const envelope = JSON.parse(readFileSync(join(manifest, files.manifest), 'utf8'));
    expect(envelope.signatures).toHaveLength(2);
  });

  it('a key file that is no key, or is not there', async () => {
    for (const pub of [keys.key, join(good, files.manifest), join(place.dir, 'absent.pub'), '/dev/null']) {
      const run = await pristine(['verify', '--root', root, '--manifest', good, '--pub', pub, '--format', 'json']);
      expect([2, 3], pub).toContain(run.code);
      expect(run.stdout === '' || JSON.parse(run.stdout).verdict === 'unverifiable').toBe(true);
    }
  });

  const altered: Record<string, (dir: string) => void> = {
    'no manifest': (dir) => rmSync(join(dir, files.manifest)),
    'no entries': (dir) => rmSync(join(dir, files.entries)),
    'no rules': (dir) => rmSync(join(dir, files.rules)),
    'no directory': (dir) => rmSync(dir, { recursive: true }),
    'a manifest that is a directory': (dir) => {
      rmSync(join(dir, files.manifest));
      mkdirSync(join(dir, files.manifest));
    },
    'a manifest that is a FIFO': (dir) => {
      rmSync(join(dir, files.manifest));
      execFileSync('mkfifo', [join(dir, files.manifest)]);
    },
    'entries that are a FIFO': (dir) => {
      rmSync(join(dir, files.entries));
      execFileSync('mkfifo', [join(dir, files.entries)]);
    },
    'an endless manifest': (dir) => {
      rmSync(join(dir, files.manifest));
      symlinkSync('/dev/zero', join(dir, files.manifest));
    },
    'a huge manifest': (dir) => truncateSync(join(dir, files.manifest), 3_000_000_000),
    'manifest that is not JSON': (dir) => writeFileSync(join(dir, files.manifest), 'not JSON'),
    'a manifest of other JSON': (dir) => writeFileSync(join(dir, files.manifest), '[]'),
    'deep JSON': (dir) => writeFileSync(join(dir, files.manifest), '['.repeat(200_000)),
    'the rules in place of the manifest': (dir) => cpSync(join(dir, files.rules), join(dir, files.manifest)),
    'the manifest in place of the rules': (dir) => cpSync(join(dir, files.manifest), join(dir, files.rules)),
    'entries that are not zstd': (dir) => writeFileSync(join(dir, files.entries), entriesText(dir)),
    'no signatures in the rules': (dir) => {
      const envelope = JSON.parse(readFileSync(join(dir, files.rules), 'utf8'));
      writeFileSync(join(dir, files.rules), JSON.stringify({ ...envelope, signatures: [] }));
    },
    'signed entries cut short': (dir) => {
      const bytes = readFileSync(join(dir, files.entries));
      writeFileSync(join(dir, files.entries), bytes.subarray(0, -1));
      signStored(dir, keys.key);
    },
    'signed damage in the entries': (dir) => {
      const bytes = readFileSync(join(dir, files.entries));
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(join(dir, files.entries), bytes);
      signStored(dir, keys.key);
    },
    'bytes after the entries': (dir) => {
      const bytes = readFileSync(join(dir, files.entries));
      writeFileSync(join(dir, files.entries), Buffer.concat([bytes, Buffer.from('more')]));
    },
    'the entries twice': (dir) => {
      const bytes = readFileSync(join(dir, files.entries));
      writeFileSync(join(dir, files.entries), Buffer.concat([bytes, bytes]));
    },
  };
  it.each(Object.entries(altered))('%s', async (_what, alter) => {
    const dir = aCopy();
    alter(dir);

    await refused(dir);
  });

  const resigned: Record<string, [string, (dir: string) => void]> = {
    'entries of another digest': [
      'DIGEST',
      (dir) => {
        const before = readFileSync(join(dir, files.manifest));
        forgeEntries(dir, keys.key, entriesText(dir).toString().replace('"0755"', '"0700"'));
        writeFileSync(join(dir, files.manifest), before);
      },
    ],
    'another type of payload': [
      'PAYLOAD_TYPE',
      (dir) => resign(dir, keys.key, () => {}, { payloadType: 'text/plain' }),
    ],
    'another type of predicate': [
      'STATEMENT',
      (dir) => resign(dir, keys.key, (statement) => Object.assign(statement, { predicateType: 'urn:other' })),
    ],
    'a newer scheme': ['SCHEME', (dir) => resign(dir, keys.key, ({ predicate }) => (predicate.scheme.version = 2))],
    'an attribute nobody can measure': [
      'SCHEME',
      (dir) => resign(dir, keys.key, ({ predicate }) => predicate.scheme.attributes.file.push('smell')),
    ],
    'a subject nobody can measure': [
      'SCHEME',
      (dir) => resign(dir, keys.key, ({ predicate }) => predicate.scheme.subjects.push('aura')),
    ],
    'rules of another image': [
      'RULES',
      (dir) => resign(dir, keys.key, ({ predicate }) => (predicate.image.name = 'other'), { file: files.rules }),
    ],
    'rules that ignore without a reason': [
      'STATEMENT RULES',
      (dir) =>
        resign(dir, keys.key, ({ predicate }) => predicate.rules.unshift({ match: ['/etc/**'], as: 'ignored' }), {
          file: files.rules,
        }),
    ],
    'rules signed by somebody else': [
      'SIGNATURE',
      (dir) => resign(dir, other.key, ({ predicate }) => predicate.rules.splice(0), { file: files.rules }),
    ],
    'fewer bytes than the statement says': [
      'DIGEST',
      (dir) => forgeEntries(dir, keys.key, entriesText(dir), { bytes: entriesText(dir).length + 1 }),
    ],
    'more bytes than the statement says': [
      'DIGEST',
      (dir) => forgeEntries(dir, keys.key, entriesText(dir), { bytes: entriesText(dir).length - 1 }),
    ],
    'another number of lines than the statement says': [
      'ENTRIES DIGEST',
      (dir) => forgeEntries(dir, keys.key, entriesText(dir), { lines: readEntries(dir).length + 1 }),
    ],
  };
  it.each(Object.entries(resigned))('%s', async (_what, [errorCode, alter]) => {
    const dir = aCopy();
    alter(dir);

    expect(errorCode.split(' ')).toContain(await refused(dir));
  });

  it('a zip bomb, in little time and memory', async () => {
    const dir = aCopy();
    const bomb = execFileSync('sh', ['-c', 'head -c 4000000000 /dev/zero | zstd -q -1 -c'], { maxBuffer: 1 << 26 });
    writeFileSync(join(dir, files.entries), bomb);

    const unsigned = await verify({ root, manifest: dir, pub: keys.pub, timeoutMs: 20_000 });
    signStored(dir, keys.key);
    const signed = await verify({ root, manifest: dir, pub: keys.pub, timeoutMs: 20_000 });

    expect([unsigned.report.error?.code, signed.report.error?.code]).toEqual(['DIGEST', 'DIGEST']);
    expect(Math.max(unsigned.run.peakRssKb, signed.run.peakRssKb)).toBeLessThan(400_000);
  });

  const lines = (change: (lines: string[]) => string[]) => (text: string) =>
    change(text.split('\n').slice(0, -1))
      .map((line) => `${line}\n`)
      .join('');
  const first = (change: (entry: Record<string, unknown>) => object) =>
    lines(([line, ...rest]) => [canonical(change(JSON.parse(line!))), ...rest]);
  const extra = (name: string) =>
    lines((all) => {
      const entry = canonical({ subject: 'file', name, type: 'dir', mode: '0755', uid: 0, gid: 0 });
      const at = all.findIndex((line) => JSON.parse(line).name > name);
      return at < 0 ? [...all, entry] : all.toSpliced(at, 0, entry);
    });
  const forged: Record<string, (text: string) => string> = {
    unsorted: lines((all) => all.toReversed()),
    'with a duplicate': lines(([one, ...rest]) => [one!, one!, ...rest]),
    'without their last newline': (text) => text.slice(0, -1),
    'with an empty line': (text) => `\n${text}`,
    'with CRLF': (text) => text.replaceAll('\n', '\r\n'),
    'with blanks': (text) => text.replace('{"', '{ "'),
    'with keys in another order': lines(([one, ...rest]) => [
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(one!)).toReversed())),
      ...rest,
    ]),
    'with an unknown key': first((entry) => ({ ...entry, zz: 1 })),
    'with __proto__': lines(([one, ...rest]) => [one!.replace('{', '{"__proto__":{},'), ...rest]),
    'with a key twice': lines(([one, ...rest]) => [one!.replace('{', '{"gid":0,'), ...rest]),
    'without a mode': first(({ mode: _mode, ...entry }) => entry),
    'without an owner': first(({ uid: _uid, ...entry }) => entry),
    'with an unknown subject': first((entry) => ({ ...entry, subject: 'aura' })),
    'with an unknown type': first((entry) => ({ ...entry, type: 'door' })),
    'with a negative owner': first((entry) => ({ ...entry, uid: -1 })),
    'with a broken owner': first((entry) => ({ ...entry, uid: 0.5 })),
    'with an owner in words': first((entry) => ({ ...entry, uid: 'root' })),
    'with a mode of three digits': first((entry) => ({ ...entry, mode: '755' })),
    'with a directory that has content': first((entry) => ({ ...entry, content: `sha256:${'0'.repeat(64)}` })),
    'with a size as a number': (text) => text.replace('"size":"1"', '"size":1'),
    'with a size of leading zeros': (text) => text.replace('"size":"1"', '"size":"01"'),
    'with a digest in capitals': (text) => text.replace(/"sha256:[0-9a-f]+"/, (digest) => digest.toUpperCase()),
    'with a short digest': (text) => text.replace(/"sha256:[0-9a-f]+"/, '"sha256:00"'),
    'with a relative name': extra('relative'),
    'with a name that ends in a slash': extra('/etc/'),
    'with an empty segment': extra('/etc//x'),
    'with a dot segment': extra('/etc/./x'),
    'that climb out': extra('/etc/../../x'),
    'with an escape of what needs none': extra('/\\x41'),
    'with an escape in capitals': extra('/\\xFF'),
    'with a lone backslash': extra('/etc\\x'),
    'with a raw control character': extra('/\u0001'),
    'with a NUL': extra('/\\x00'),
    'with a lone surrogate': (text) => text.replace('"/etc/a"', '"/etc/\\ud800"'),
    'that are not JSON': (text) => `${text}garbage\n`,
    'with invalid UTF-8': (text) => text,
  };
  it.each(Object.entries(forged))('signed entries %s', async (what, forge) => {
    const dir = aCopy();
    const text = entriesText(dir).toString();
    const bad = what.endsWith('UTF-8')
      ? Buffer.from(text.replace('"/etc/a"', '"/etc/\u00ff"'), 'latin1')
      : Buffer.from(forge(text));
    expect(bad.equals(Buffer.from(text))).toBe(false);
    forgeEntries(dir, keys.key, bad);

    expect(await refused(dir)).toBe('ENTRIES');
  });
});
