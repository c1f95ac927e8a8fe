import { describe, expect, it } from 'vitest';
import { commandsOf, installOf, parseUnitFile, triggersOf } from '../../../../agent/collect/facts/unit-file.ts';
import { dropInNames, unitKind } from '../../../../agent/collect/facts/unit-name.ts';
import { units } from '../../../../agent/collect/facts/units.ts';
import type { FactOf } from '../../../../shared/fact.ts';
import { cpuTimer } from '../../../support/cpu-time.ts';
import { factsIn, type TreeFile } from '../../../support/fact-tree.ts';

const vendor = 'usr/lib/systemd/system';
const config = 'etc/systemd/system';

function unitsIn(tree: Readonly<Record<string, TreeFile>>) {
  const { entries, holes } = factsIn(units, tree);
  expect(holes).toEqual([]);
  return Object.fromEntries(entries.map((entry) => [entry.name, entry as FactOf<'unit'>]));
}

const statesIn = (tree: Readonly<Record<string, TreeFile>>) =>
  Object.fromEntries(Object.entries(unitsIn(tree)).map(([name, { state }]) => [name, state]));

const service = '[Service]\nExecStart=/bin/a\n[Install]\nWantedBy=multi-user.target\n';

describe('a unit file', () => {
  it.each([
    ['a comment within a continued line', 'a=1 \\\n# no\n;no\n 2', ['1 2'.replace(' ', '  ')]],
    ['an empty line that ends one', 'a=1 \\\n\nb=2', ['1', '2']],
    ['a continuation of nothing', 'a=1\\', ['1']],
    ['an escaped backslash at the end', 'a=1\\\\\nb=2', ['1\\\\', '2']],
    ['a blank behind a backslash', 'a=1\\ \nb=2', ['1\\', '2']],
    ['carriage returns', 'a=1\r\nb=2\r\n', ['1', '2']],
    ['NULs, which end a line', 'a=1\0b=2', ['1', '2']],
    ['bytes that are no text', 'a=\xff\xa0', ['\xff\xa0']],
    ['lines that assign nothing', 'a\n=x\n a = 1 ', ['1']],
  ])('may have %s', (_what, text, values) => {
    expect(parseUnitFile(`[S]\n${text}`).map(({ value }) => value)).toEqual(values);
  });

  it('may have a section twice, a mark of its encoding, and words before any section', () => {
    expect(parseUnitFile('\xef\xbb\xbfa=0\n[S]\na=1\n[T]\na=2\n[S]\na=3\n[broken\na=4')).toEqual([
      { section: 'S', key: 'a', value: '1' },
      { section: 'T', key: 'a', value: '2' },
      { section: 'S', key: 'a', value: '3' },
    ]);
  });

  it('forgets its commands and triggers at an empty assignment, each in its own way', () => {
    const said = parseUnitFile(
      '[Service]\nExecStart=/a\nExecStop=/b\nExecStart=\nExecStart=-/c\n' +
        '[Timer]\nOnCalendar=daily\nOnBootSec=5\nOnCalendar=\nOnUnitActiveSec=1h\nUnit=x.service\nUnit=y.service\n' +
        '[Socket]\nListenStream=22\nListenFIFO=\nListenStream=80\nExecStartPre=/s\n[Path]\nPathChanged=/x\nExecStart=/no',
    );

    expect(commandsOf(said)).toEqual(['ExecStop=/b', 'ExecStart=-/c', 'ExecStartPre=/s']);
    expect(triggersOf(said)).toEqual(['OnUnitActiveSec=1h', 'Unit=y.service', 'ListenStream=80', 'PathChanged=/x']);
  });

  it('says what enabling it would do', () => {
    const text =
      '[Install]\nWantedBy=a.target "b.target"\nWantedBy=\nWantedBy=c.target\nAlias=x.service\nDefaultInstance=1';

    expect(installOf(parseUnitFile(text))).toEqual({
      aliases: ['x.service'],
      wantedBy: ['c.target'],
      also: [],
      defaultInstance: '1',
    });
  });

  it('of a megabyte is read in no time', () => {
    const cpuMs = cpuTimer();

    parseUnitFile(`[S]\n${'a=1\\\n'.repeat(200_000)}`);
    parseUnitFile(`[S]\na=${' '.repeat(1_000_000)}b${'\\'.repeat(1_000_001)}`);
    commandsOf(parseUnitFile(`[Service]\n${'ExecStart=/a\nExecStart=\n'.repeat(100_000)}`));
    installOf(parseUnitFile(`[Install]\n${'WantedBy=a.target\n'.repeat(100_000)}`));

    expect(cpuMs()).toBeLessThan(4_000);
  });
});

describe('a name of a unit', () => {
  it.each([
    ['ssh.service', 'plain'],
    ['-.mount', 'plain'],
    ['getty@.service', 'template'],
    ['getty@tty1.service', 'instance'],
    ['a@b@c.service', 'instance'],
    ['system-x\\x2dy.slice', 'plain'],
    ['@a.service', undefined],
    ['.service', undefined],
    ['a.conf', undefined],
    ['a b.service', undefined],
    ['\xff.service', undefined],
    [`${'a'.repeat(250)}.service`, undefined],
  ])('%s is %s', (name, kind) => {
    expect(unitKind(name)).toBe(kind);
  });

  it('has drop-ins of its template and of its beginnings', () => {
    expect(dropInNames('foo-bar-baz.service')).toEqual(['foo-bar-baz.service', 'foo-bar-.service', 'foo-.service']);
    expect(dropInNames('a-b@c-d.service')).toEqual([
      'a-b@c-d.service',
      'a-b@.service',
      'a-@.service',
      'a-@c-d.service',
    ]);
    expect(dropInNames('user-.slice')).toEqual(['user-.slice']);
    expect(dropInNames('-.slice')).toEqual(['-.slice']);
  });
});

describe('units in a root', () => {
  it('are masked by a link to /dev/null or an empty file, wherever the mask wins', () => {
    expect(
      statesIn({
        [`${vendor}/a.service`]: service,
        [`${config}/a.service`]: { to: '/dev/null' },
        [`${vendor}/b.service`]: service,
        [`${config}/b.service`]: '',
        [`${vendor}/c.service`]: service,
        'run/systemd/system/c.service': { to: '/dev/null' },
        [`${vendor}/d.service`]: { to: '../../../../dev/null' },
        [`${config}/d.service`]: service,
      }),
    ).toEqual({ 'a.service': 'masked', 'b.service': 'masked', 'c.service': 'masked-runtime', 'd.service': 'disabled' });
  });

  it('are bad where links go round, lead nowhere or change what a unit is', () => {
    expect(
      statesIn({
        [`${config}/round.service`]: { to: 'about.service' },
        [`${config}/about.service`]: { to: 'round.service' },
        [`${config}/self.service`]: { to: 'self.service' },
        [`${config}/gone.service`]: { to: '/../../../../nowhere/gone.service' },
        [`${config}/a.service`]: { to: 'a.socket' },
        [`${config}/a.socket`]: '[Socket]\n',
        [`${config}/dir.service/x`]: '',
        [`${config}/tmpl@.service`]: { to: 'plain.service' },
        [`${vendor}/over.service`]: service,
        [`${config}/over.service`]: { to: '/usr/lib/systemd/system/over.service' },
      }),
    ).toEqual({
      'round.service': 'bad',
      'about.service': 'bad',
      'self.service': 'bad',
      'gone.service': 'bad',
      'a.service': 'bad',
      // As systemctl has it: a link leads to it, whatever the link is worth.
      'a.socket': 'indirect',
      'tmpl@.service': 'bad',
      'over.service': 'bad',
    });
  });

  it('are linked from outside the search path, never from outside the root', () => {
    const found = unitsIn({
      [`${config}/l.service`]: { to: '/../../../opt/l.service' },
      'opt/l.service': '[Service]\nExecStart=/opt/l\n',
      [`${config}/p.service`]: { to: '/etc/passwd' },
      'etc/passwd': 'x',
    });

    expect(found['l.service']).toMatchObject({
      state: 'linked',
      commands: ['ExecStart=/opt/l'],
      files: ['/etc/systemd/system/l.service', '/opt/l.service'],
    });
    expect(found['p.service']?.state).toBe('alias');
  });

  it('are enabled by links, in whichever directory, and the links are told', () => {
    const found = unitsIn({
      [`${vendor}/a.service`]: service,
      [`${config}/multi-user.target.wants/a.service`]: { to: '/gone' },
      [`${vendor}/b.service`]: service,
      'run/systemd/system/x.target.requires/b.service': { to: '/gone' },
      [`${vendor}/c.service`]: service,
      [`${vendor}/sysinit.target.wants/c.service`]: { to: '../c.service' },
      [`${vendor}/d.service`]: service,
      [`${vendor}/x.target.wants/d.service`]: { to: '../d.service' },
      [`${config}/x.target.wants/d.service`]: { to: '/dev/null' },
      [`${config}/x.target.wants/e.service`]: { to: '/gone' },
      [`${config}/x.target.wants/f.service`]: 'no link',
    });

    expect(Object.values(found).map(({ name, state, links }) => [name, state, ...links])).toEqual([
      ['a.service', 'enabled', 'wanted-by multi-user.target'],
      ['b.service', 'enabled-runtime', 'required-by x.target'],
      // Started at every boot, although systemctl says so of no such unit.
      ['c.service', 'disabled', 'wanted-by sysinit.target'],
      ['d.service', 'enabled'],
      ['e.service', 'not-found', 'wanted-by x.target'],
    ]);
  });

  it('have aliases, and what is said about an alias holds for the unit', () => {
    const found = unitsIn({
      [`${vendor}/ssh.service`]: '[Service]\nExecStart=/sshd\n[Install]\nAlias=sshd.service\n',
      [`${config}/sshd.service`]: { to: '/lib/systemd/system/ssh.service' },
      lib: { to: 'usr/lib' },
      [`${config}/sshd.service.d/x.conf`]: '[Service]\nExecStart=/evil\n',
      [`${vendor}/default.target`]: { to: 'graphical.target' },
      [`${vendor}/graphical.target`]: '[Unit]\n',
    });

    expect(found['sshd.service']).toMatchObject({ state: 'alias', links: ['alias-of ssh.service'], commands: [] });
    expect(found['ssh.service']).toMatchObject({
      state: 'enabled',
      dropIns: ['/etc/systemd/system/sshd.service.d/x.conf'],
      commands: ['ExecStart=/sshd', 'ExecStart=/evil'],
    });
    expect(found['default.target']).toMatchObject({ state: 'alias', links: ['alias-of graphical.target'] });
  });

  it('are instances of templates where something wants them', () => {
    const found = unitsIn({
      [`${vendor}/getty@.service`]: `${service}DefaultInstance=tty1\n`,
      [`${config}/getty.target.wants/getty@tty1.service`]: { to: '/usr/lib/systemd/system/getty@.service' },
      [`${config}/getty@tty1.service.d/autologin.conf`]: '[Service]\nExecStart=\nExecStart=-/sbin/agetty -a root\n',
      [`${vendor}/other@.service`]: service,
      [`${config}/x.target.wants/other@a.service`]: { to: 'x' },
    });

    expect(Object.values(found).map(({ name, state }) => [name, state])).toEqual([
      ['getty@.service', 'enabled'],
      ['getty@tty1.service', 'enabled'],
      ['other@.service', 'indirect'],
      ['other@a.service', 'enabled'],
    ]);
    expect(found['getty@.service']?.commands).toEqual(['ExecStart=/bin/a']);
    expect(found['getty@tty1.service']?.commands).toEqual(['ExecStart=-/sbin/agetty -a root']);
  });

  it('take drop-ins by file name, each from the directory that wins, of their type too', () => {
    const found = unitsIn({
      [`${vendor}/foo-bar.service`]: '[Service]\nExecStart=/0\n',
      [`${vendor}/service.d/10.conf`]: '[Service]\nExecStartPre=/type\n',
      [`${vendor}/foo-.service.d/20.conf`]: '[Service]\nExecStartPre=/prefix\n',
      [`${vendor}/foo-bar.service.d/30.conf`]: '[Service]\nExecStartPre=/hidden\n',
      [`${config}/foo-bar.service.d/30.conf`]: '[Service]\nExecStartPre=/shown',
      [`${config}/service.d/20.conf`]: '[Service]\nExecStartPre=/loses to what is more specific\n',
      [`${vendor}/foo-bar.service.d/40.conf`]: '[Service]\nExecStartPre=/masked\n',
      [`${config}/foo-bar.service.d/40.conf`]: { to: '/dev/null' },
      [`${config}/foo-bar.service.d/50.conf.bak`]: '[Service]\nExecStartPre=/no\n',
      [`${config}/foo-bar.service.d/60.conf`]: { to: '60.conf' },
    });

    expect(found['foo-bar.service']?.dropIns).toEqual([
      '/usr/lib/systemd/system/service.d/10.conf',
      '/usr/lib/systemd/system/foo-.service.d/20.conf',
      '/etc/systemd/system/foo-bar.service.d/30.conf',
      '/etc/systemd/system/foo-bar.service.d/40.conf',
    ]);
    expect(found['foo-bar.service']?.commands).toEqual([
      'ExecStart=/0',
      'ExecStartPre=/type',
      'ExecStartPre=/prefix',
      'ExecStartPre=/shown',
    ]);
    expect(found['foo-bar.service']?.files).toContain('/etc/systemd/system/foo-bar.service.d/40.conf');
  });

  it.each([
    ['a section without an end', `${service}[Inst\n`],
    ['a byte that is no UTF-8', `${service}X=\xff\n`],
    ['a line past a megabyte', `${service}X=${'a'.repeat(1_100_000)}`],
    ['another unit that is none', '[Install]\nAlso=foo\n'],
  ])('are refused with %s', (_what, text) => {
    expect(statesIn({ [`${vendor}/a.service`]: Buffer.from(text, 'latin1') })).toEqual({ 'a.service': 'bad' });
  });

  it('of users are apart, and both kinds of /lib are one', () => {
    const found = unitsIn({
      'lib/systemd/system/a.service': service,
      'usr/lib/systemd/user/a.service': service,
      'etc/systemd/user/default.target.wants/a.service': { to: '/usr/lib/systemd/user/a.service' },
    });

    expect(found['a.service']).toMatchObject({ state: 'disabled', files: ['/lib/systemd/system/a.service'] });
    expect(found['user/a.service']).toMatchObject({ state: 'enabled', links: ['wanted-by default.target'] });
  });

  it('fit into a line, however much they say', () => {
    const found = unitsIn({
      [`${vendor}/a.service`]: `[Service]\n${'ExecStart=/bin/\x01\n'.repeat(30_000)}ExecStop=${'x'.repeat(1_000_000)}`,
    });

    expect(found['a.service']?.commands.at(-1)).toMatch(/^\.\.\. \(\d+ more, sha256:[0-9a-f]{64}\)$/);
  });
});
