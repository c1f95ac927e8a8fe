import { describe, expect, it } from 'vitest';
import { osRelease } from '../../../agent/collect/os-release.ts';

describe('os-release', () => {
  it.each([
    ['ID=debian\nVERSION_ID="12"\n', { id: 'debian', idLike: [], versionId: '12' }],
    [
      'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n',
      { id: 'rocky', idLike: ['rhel', 'centos', 'fedora'], versionId: '9.4' },
    ],
    ["ID='x'\nID_LIKE='y  z'\n", { id: 'x', idLike: ['y', 'z'], versionId: '' }],
    ['ID_LIKE=$(id)\nID=a b\n', { id: 'linux', idLike: [], versionId: '' }],
    ['', { id: 'linux', idLike: [], versionId: '' }],
  ])('of %j', (text, said) => {
    expect(osRelease(() => text)).toEqual(said);
  });
});
