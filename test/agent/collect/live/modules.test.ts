import { describe, expect, it } from 'vitest';
import { moduleKey, parseModules } from '../../../../agent/collect/live/modules.ts';

describe('/proc/modules', () => {
  it('gives each module with what it taints', () => {
    const text =
      'nvidia_drm 90112 4 - Live 0x0000000000000000 (POE)\next4 1122304 2 - Live 0xffffffffc0a3e000\n' +
      'mbcache 16384 1 ext4, Live 0x0000000000000000\nold 1 - - Unloading 0x0 (O+)\n';

    expect(parseModules(text)).toEqual([
      { name: 'nvidia_drm', taints: 'POE' },
      { name: 'ext4' },
      { name: 'mbcache' },
      { name: 'old', taints: 'O+' },
    ]);
  });

  it('is empty where the kernel has none', () => {
    expect(parseModules('')).toEqual([]);
  });

  it.each([
    'ext4',
    'ext4 1 2 - Live',
    'ext4 1 2 - Dead 0x0',
    'ext4 1 2 - Live 0x0 (OE',
    'a\0b',
    'ext4 1 2 - Live 0x0 x',
  ])('is not understood when a line is %j', (line) => {
    expect(parseModules(`ok 1 0 - Live 0x0\n${line}\n`)).toBeUndefined();
  });

  it('writes a module as it is loaded and as its file is called alike', () => {
    expect(moduleKey('snd-hda-intel')).toBe(moduleKey('snd_hda_intel'));
  });
});
