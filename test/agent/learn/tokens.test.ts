import { describe, expect, it } from 'vitest';
import { generalPattern, literalPattern } from '../../../agent/learn/tokens.ts';
import { rawName } from '../../../shared/name.ts';
import { compilePattern } from '../../../shared/pattern.ts';

const hex = (count: number) => '[0-9a-f]'.repeat(count);
const words = ['0af1c2d3e4f5061728394a5b6c7d8e9f', 'web-1'];

describe('ids in names', () => {
  const cases: readonly (readonly [what: string, name: string, pattern: string])[] = [
    ['are none in ordinary names', '/etc/apt/apt.conf.d/01autoremove', '/etc/apt/apt.conf.d/01autoremove'],
    ['are none in parts of longer words', '/usr/lib/libdeadbeef00cafe.so.1234x', '/usr/lib/libdeadbeef00cafe.so.1234x'],
    ['are machine ids', `/var/x/${'0a'.repeat(16)}/y`, `/var/x/${hex(32)}/y`],
    ['are UUIDs', '/x/1b4e28ba-2fa1-11d2-883f-0016d3cca427', `/x/${[8, 4, 4, 4, 12].map(hex).join('-')}`],
    ['are instance ids of clouds', '/x/i-0abcdef1234567890/sem', `/x/i-${hex(17)}/sem`],
    ['are instance ids of cloud-init', '/x/iid-datasource-none/sem', '/x/iid-*/sem'],
    [
      'are addresses of network cards',
      '/x/lease-52:54:00:ab:cd:ef',
      `/x/lease-${[2, 2, 2, 2, 2, 2].map(hex).join(':')}`,
    ],
    ['are process ids', '/x/a.1234.b', '/x/a.[0-9]*.b'],
    ['are time stamps', '/x/log-1732471234', `/x/log-${'[0-9]'.repeat(10)}`],
    ['are what the instance calls itself', '/x/web-1.example/a', '/x/*.example/a'],
    ['are its own machine id within a word', `/x/a${words[0]}`, `/x/a${hex(32)}`],
    ['leave what patterns read otherwise as it is', '/x/[a]*{b}?\\\\/1234', '/x/[[]a[]][*]?b?[?]\\\\/[0-9]*'],
  ];
  it.each(cases)('%s', (_what, name, pattern) => {
    expect(generalPattern(name, words)).toBe(pattern);
    expect(compilePattern(pattern)(rawName(name))).toBe(true);
  });

  it('are kept within their segment, and a literal pattern matches its name alone', () => {
    expect(compilePattern('/x/iid-*/sem')('/x/iid-a/b/sem')).toBe(false);
    expect(compilePattern(literalPattern('/x/*[1]'))('/x/ab')).toBe(false);
    expect(compilePattern(literalPattern('/x/*[1]'))('/x/*[1]')).toBe(true);
  });
});
