import { describe, expect, it } from 'vitest';
import { parseDeb822Sources, parseSourcesList } from '../../../../agent/collect/facts/apt-sources.ts';
import { repositories } from '../../../../agent/collect/facts/repositories.ts';
import { parseApkRepositories, parseRepositoryFile } from '../../../../agent/collect/facts/rpm-repositories.ts';
import { factsIn } from '../../../support/fact-tree.ts';

const enabled = true;

describe('sources.list', () => {
  it.each([
    ['deb http://d/debian bookworm main contrib', 'deb http://d/debian bookworm', ['components=main contrib']],
    ['deb-src\thttp://d/  x/ # exact', 'deb-src http://d/ x/', []],
    ['deb [trusted=yes] http://e s main\r', 'deb http://e s', ['components=main', 'trusted=yes']],
    [
      'deb [ Arch=amd64,i386  signed-by=/k.gpg ] http://e s m',
      'deb http://e s',
      ['arch=amd64,i386', 'components=m', 'signed-by=/k.gpg'],
    ],
    ['deb [trusted=yes http://e s main', 'deb [trusted=yes http://e s main', []],
    ['deb  http://e', 'deb http://e', []],
    ['nonsense\0 \xff', 'nonsense\0 \xff', []],
  ])('reads %j', (text, name, options) => {
    expect(parseSourcesList(`# deb no no no\n\n ${text}`)).toEqual([{ name, enabled, options }]);
  });
});

describe('deb822 sources', () => {
  it('multiply types, places and suites, and join what goes on', () => {
    const text =
      'Types: deb deb-src\nURIs: http://d\nSuites: a\n b\nComponents: main\nSigned-By:\n -----BEGIN-----\n .\n xyz\r\n# c\n\n\n' +
      'types: deb\nuris: http://e\nsuites: s/\nEnabled: No\nTrusted: yes';

    const found = parseDeb822Sources(text);

    expect(found.map(({ name, enabled: isOn }) => [name, isOn])).toEqual([
      ['deb http://d a', true],
      ['deb http://d b', true],
      ['deb-src http://d a', true],
      ['deb-src http://d b', true],
      ['deb http://e s/', false],
    ]);
    expect(found[0]?.options).toEqual(['components=main', 'signed-by=-----BEGIN----- . xyz']);
    expect(found[4]?.options).toEqual(['trusted=yes']);
  });

  it('without the fields that they need are kept, and those that would be millions are one', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => `s${index}`).join(' ');

    expect(parseDeb822Sources('garbage\nX: y\n')).toEqual([{ name: 'deb822', enabled, options: ['garbage=', 'x=y'] }]);
    expect(parseDeb822Sources(`Types: deb deb-src\nURIs: ${many}\nSuites: ${many}`)).toHaveLength(1);
  });
});

describe('.repo files', () => {
  it('are sections of options; a section twice is one, and lines go on when indented', () => {
    const text =
      'stray=1\n[base]\nname = B\nbaseurl=http://a/\n   http://b/\ngpgcheck=0\n# c\n;c\n[off]\r\nenabled=0\r\n[base]\nenabled=1\ngpgcheck=1\nodd';

    expect(parseRepositoryFile(text, 'rpm')).toEqual([
      { name: 'rpm', enabled, options: ['stray=1'] },
      { name: 'rpm base', enabled, options: ['baseurl=http://a/ http://b/', 'gpgcheck=1', 'name=B', 'odd='] },
      { name: 'rpm off', enabled: false, options: [] },
    ]);
  });
});

describe('apk repositories', () => {
  it('may have a tag', () => {
    expect(parseApkRepositories('#no\nhttps://a/main\r\n@edge https://b/c\n')).toEqual([
      { name: 'apk https://a/main', enabled, options: [] },
      { name: 'apk https://b/c', enabled, options: ['tag=edge'] },
    ]);
  });
});

describe('repositories in a root', () => {
  it('are those that the package managers read', () => {
    const { entries, holes } = factsIn(repositories, {
      'etc/apt/sources.list': 'deb http://d s main',
      'etc/apt/sources.list.d/same.list': 'deb http://d s main\n',
      'etc/apt/sources.list.d/more.list': 'deb http://d s contrib\n',
      'etc/apt/sources.list.d/x.sources': 'Types: deb\nURIs: http://x\nSuites: s\nComponents: m\n',
      'etc/apt/sources.list.d/old.list.save': 'deb http://old s main\n',
      'etc/apt/sources.list.d/a b.list': 'deb http://blank s main\n',
      'etc/apt/sources.list.d/null.list': { to: '/dev/null' },
      'etc/apt/sources.list.d/round.list': { to: 'round.list' },
      'etc/apt/sources.list.d/dir.list/x': '',
      'etc/zypp/repos.d/z.repo': '[z]\nenabled=0\n',
    });

    expect(holes).toEqual([]);
    expect(entries.map((entry) => [entry.name, 'files' in entry && entry.files])).toEqual([
      ['deb http://d s', ['/etc/apt/sources.list', '/etc/apt/sources.list.d/same.list']],
      ['deb http://d s #2', ['/etc/apt/sources.list.d/more.list']],
      ['deb http://x s', ['/etc/apt/sources.list.d/x.sources']],
      ['zypp z', ['/etc/zypp/repos.d/z.repo']],
    ]);
    expect(entries.at(-1)).toMatchObject({ enabled: 'no' });
  });
});
