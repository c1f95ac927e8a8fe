import { describe, expect, it } from 'vitest';
import { isWithoutPath, programOf, worse } from '../../../../agent/collect/live/program.ts';

/** The files there are, by path. */
const files = (paths: Readonly<Record<string, string>>) => (path: string) => paths[path];

describe('what became of the file of a running program', () => {
  it.each([
    ['/bin/x', 'f1', { '/bin/x': 'f1' }, { name: '/bin/x', state: 'there' }],
    ['/bin/x', 'f1', {}, { name: '/bin/x', state: 'hidden' }],
    ['/bin/x', 'f1', { '/bin/x': 'f2' }, { name: '/bin/x', state: 'replaced' }],
    ['/bin/x (deleted)', 'f1', {}, { name: '/bin/x', state: 'deleted' }],
    ['/bin/x (deleted)', 'f1', { '/bin/x': 'f2' }, { name: '/bin/x', state: 'replaced' }],
    ['/bin/x (deleted)', 'f1', { '/bin/x (deleted)': 'f1' }, { name: '/bin/x (deleted)', state: 'there' }],
    ['/bin/x (deleted)', 'f1', { '/bin/x (deleted)': 'f2' }, { name: '/bin/x', state: 'deleted' }],
    ['/bin/x (deleted) (deleted)', 'f1', {}, { name: '/bin/x (deleted)', state: 'deleted' }],
    ['/memfd:x (deleted)', 'f1', {}, { name: 'memfd:x', state: 'memfd' }],
    ['/memfd: (deleted) (deleted)', 'f1', {}, { name: 'memfd: (deleted)', state: 'memfd' }],
    [
      '/memfd:/usr/sbin/sshd (deleted)',
      'f1',
      { '/usr/sbin/sshd': 'f2' },
      { name: 'memfd:/usr/sbin/sshd', state: 'memfd' },
    ],
    ['/memfd:x', 'f1', { '/memfd:x': 'f1' }, { name: '/memfd:x', state: 'there' }],
    [' (deleted)', 'f1', {}, { name: '', state: 'deleted' }],
    ['/', 'f1', { '/': 'f2' }, { name: '/', state: 'hidden' }],
  ] as const)('%s running %s is told from %j', (link, runs, there, expected) => {
    expect(programOf(link, runs, files(there))).toEqual(expected);
  });

  it('may be told from its content where it runs from no path', () => {
    expect(isWithoutPath({ name: 'memfd:x', state: 'memfd' })).toBe(true);
    expect(isWithoutPath({ name: '/', state: 'hidden' })).toBe(true);
    expect(isWithoutPath({ name: '/bin/x', state: 'hidden' })).toBe(false);
  });

  it('is the worst of those of several processes', () => {
    expect(worse(undefined, 'there')).toBe('there');
    expect(worse('there', 'not-baked')).toBe('not-baked');
    expect(worse('deleted', 'replaced')).toBe('deleted');
    expect(worse('replaced', 'memfd')).toBe('memfd');
  });
});
