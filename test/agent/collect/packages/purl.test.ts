import { expect, it } from 'vitest';
import { packageUrl } from '../../../../agent/collect/packages/purl.ts';

it.each([
  [
    { type: 'deb', namespace: 'debian', name: 'g++', version: '4:12.2~1', qualifiers: { arch: 'amd64' } },
    'pkg:deb/debian/g%2B%2B@4:12.2~1?arch=amd64',
  ],
  [
    {
      type: 'rpm',
      namespace: 'fedora',
      name: 'curl',
      version: '7.50.3-1.fc25',
      qualifiers: { arch: 'i386', epoch: undefined },
    },
    'pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386',
  ],
  [{ type: 'npm', namespace: '@angular', name: 'animation', version: '12.3.1' }, 'pkg:npm/%40angular/animation@12.3.1'],
  [{ type: 'pypi', name: 'd\xc3\xa9j', version: '' }, 'pkg:pypi/d%C3%A9j'],
] as const)('writes %o as a package URL', (parts, url) => {
  expect(packageUrl(parts)).toBe(url);
});
