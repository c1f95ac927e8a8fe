import { describe, expect, it } from 'vitest';
import { cron } from '../../../../agent/collect/facts/cron.ts';
import { parseAnacrontab, parseAtJob, parseCrontab } from '../../../../agent/collect/facts/cron-table.ts';
import { cpuTimer } from '../../../support/cpu-time.ts';
import { factsIn } from '../../../support/fact-tree.ts';

const schedules = (text: string, ofSystem = true) =>
  parseCrontab(text, ofSystem).map(({ schedule, user, command }) => [schedule, user ?? '', command]);

describe('a crontab', () => {
  it('that lacks the field for the user is not taken for another user’s', () => {
    const [line] = parseCrontab('*/5 * * * * /bin/poll --all\n', true);

    expect(line).toEqual({
      schedule: 'unknown',
      command: '*/5 * * * * /bin/poll --all',
      text: '*/5 * * * * /bin/poll --all',
    });
  });

  it.each([
    ['too few fields', '* * * root x'],
    ['no command', '* * * * * root'],
    ['no command behind a nickname', '@reboot root'],
    ['garbage', 'hello'],
    ['a NUL in the schedule', '*\0 * * * * root x'],
  ])('with %s is kept as it stands', (_what, text) => {
    expect(schedules(text)).toEqual([['unknown', '', text]]);
  });

  it('is read without a newline at its end, with carriage returns, blanks and comments', () => {
    const text = '# m h\r\n\r\n  \t# indented\n  1\t2  *\t* 1-5   root\t a  b \r\n@daily root x';

    expect(schedules(text)).toEqual([
      ['1 2 * * 1-5', 'root', 'a  b'],
      ['@daily', 'root', 'x'],
    ]);
    expect(parseCrontab(text, true)[0]?.text).toBe('1 2 * * 1-5 root a  b');
  });

  it('keeps what a percent sign feeds to a command, and a hash within one', () => {
    expect(schedules('0 0 * * * root mail -s x root%Hello%there # no comment')).toEqual([
      ['0 0 * * *', 'root', 'mail -s x root%Hello%there # no comment'],
    ]);
  });

  it('sets variables, which are no commands', () => {
    const text = 'PATH=/tmp:/bin\nMAILTO = ""\n"A B"=c\n* * * * * root X=1 y';

    expect(schedules(text)).toEqual([
      ['environment', '', 'PATH=/tmp:/bin'],
      ['environment', '', 'MAILTO = ""'],
      ['environment', '', '"A B"=c'],
      ['* * * * *', 'root', 'X=1 y'],
    ]);
  });

  it('knows nicknames, names of days and ranges; and the dash of SUSE', () => {
    expect(schedules('@reboot x y\n0 */2 1,15 jan-mar mon,fri z\n-*/5 * * * * quiet', false)).toEqual([
      ['@reboot', '', 'x y'],
      ['0 */2 1,15 jan-mar mon,fri', '', 'z'],
      ['*/5 * * * *', '', 'quiet'],
    ]);
  });

  it('reads a line of a megabyte, and a megabyte of lines, in no time', () => {
    const cpuMs = cpuTimer();

    parseCrontab(`* * * * * root ${' x'.repeat(500_000)}`, true);
    parseCrontab(`${' '.repeat(1_000_000)}x`, true);
    parseCrontab('*\n'.repeat(500_000), true);

    expect(cpuMs()).toBeLessThan(4_000);
  });
});

describe('an anacrontab', () => {
  it('has days, a delay and a name', () => {
    expect(parseAnacrontab('RANDOM_DELAY=45\n7 25 cron.weekly nice \\\n run-parts x\n@monthly 45 m y\nbroken')).toEqual(
      [
        { schedule: 'environment', command: 'RANDOM_DELAY=45', text: 'RANDOM_DELAY=45' },
        {
          schedule: '7 25 cron.weekly',
          user: 'root',
          command: 'nice   run-parts x',
          text: '7 25 cron.weekly nice   run-parts x',
        },
        { schedule: '@monthly 45 m', user: 'root', command: 'y', text: '@monthly 45 m y' },
        { schedule: 'unknown', command: 'broken', text: 'broken' },
      ],
    );
  });
});

describe('a job of at', () => {
  it('says when by its name, and whose by its second line', () => {
    const text =
      '#!/bin/sh\n# atrun uid=1000 gid=1000\numask 22\nA=b; export A\ncd /tmp || {\n\t exit 1\n}\nrm -rf /srv\n';

    expect(parseAtJob('a0000101b2c3d4', text)).toEqual({
      schedule: 'at 2024-03-04T15:16:00.000Z',
      user: '1000',
      command: 'rm -rf /srv',
      text: 'a0000101b2c3d4',
    });
  });

  it('of a foreign name is kept', () => {
    expect(parseAtJob('x', 'rm y')).toEqual({ schedule: 'unknown', command: 'rm y', text: 'x' });
  });
});

describe('cron in a root', () => {
  const tree = {
    'etc/crontab': '17 * * * * root hourly',
    'etc/cron.d/ok-1_X': '* * * * * www-data a\n* * * * * www-data a\n',
    'etc/cron.d/dotted.conf': '* * * * * root b\n',
    'etc/cron.d/backup~': '* * * * * root c\n',
    'etc/cron.d/.placeholder': '* * * * * root d\n',
    'etc/cron.daily/good': { run: '' },
    'etc/cron.daily/bad.sh': { run: '' },
    'etc/cron.daily/asleep': '',
    'etc/cron.daily/linked': { to: 'good' },
    'etc/cron.daily/round': { to: 'round' },
    'etc/cron.daily/nowhere': { to: '/../../../../nowhere' },
    'var/spool/cron/crontabs/eve': '@reboot nc -l 1\n',
  };

  it('is what Debian runs', () => {
    const { entries, holes } = factsIn(cron, tree);

    expect(holes).toEqual([]);
    expect(entries.map(({ name }) => name)).toEqual([
      '/etc/cron.d/ok-1_X * * * * * www-data a',
      '/etc/cron.daily/good',
      '/etc/cron.daily/linked',
      '/etc/crontab 17 * * * * root hourly',
      '/var/spool/cron/crontabs/eve @reboot nc -l 1',
    ]);
    expect(entries.at(-1)).toMatchObject({ user: 'eve', schedule: '@reboot', command: 'nc -l 1' });
  });

  it('is what cronie runs elsewhere, dots and all', () => {
    const names = factsIn(cron, tree, 'rhel 9').entries.map(({ name }) => name);

    expect(names).toContain('/etc/cron.d/dotted.conf * * * * * root b');
    expect(names).toContain('/etc/cron.daily/bad.sh');
    expect(names.join('\n')).not.toMatch(/backup|placeholder|asleep/);
  });

  it('keeps any bytes, and shortens what does not fit into a line', () => {
    const long = (end: string) =>
      factsIn(cron, {
        'etc/crontab': Buffer.from(`* * * * * root \xff\x00\x85${'\0'.repeat(1_000_000)}${end}`, 'latin1'),
      });

    const [one, other] = [long('a'), long('b')];

    expect(one.holes).toEqual([]);
    expect(one.entries).toHaveLength(1);
    expect(one.entries[0]).toMatchObject({ command: expect.stringContaining('\\xff\\x00\\x85') });
    expect(one.entries[0]).not.toEqual(other.entries[0]);
  });
});
