import { describe, expect, it } from 'vitest';
import {
  kernelCmdline,
  parseGrubSettings,
  parseLoaderEntry,
  parseMenu,
  parsePlain,
} from '../../../../agent/collect/facts/kernel-cmdline.ts';
import { kernelModules, parseModprobe, parseModulesLoad } from '../../../../agent/collect/facts/kernel-modules.ts';
import { cpuTimer } from '../../../support/cpu-time.ts';
import { factsIn } from '../../../support/fact-tree.ts';

describe('grub’s settings', () => {
  it.each([
    ['GRUB_CMDLINE_LINUX="a  b"', 'GRUB_CMDLINE_LINUX', ['a', 'b']],
    ["GRUB_CMDLINE_LINUX_DEFAULT='quiet'\r", 'GRUB_CMDLINE_LINUX_DEFAULT', ['quiet']],
    ['  export GRUB_CMDLINE_LINUX=quiet', 'GRUB_CMDLINE_LINUX', ['quiet']],
    ['GRUB_CMDLINE_LINUX+=" x"', 'GRUB_CMDLINE_LINUX+', ['x']],
    [
      'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX y" # why',
      'GRUB_CMDLINE_LINUX',
      ['$GRUB_CMDLINE_LINUX', 'y', '#', 'why'],
    ],
    ['GRUB_CMDLINE_LINUX="a \\\nb\nc" # d', 'GRUB_CMDLINE_LINUX', ['a', 'b', 'c', '#', 'd']],
    ['GRUB_CMDLINE_LINUX="open', 'GRUB_CMDLINE_LINUX', ['"open']],
    ['GRUB_CMDLINE_LINUX=""', 'GRUB_CMDLINE_LINUX', []],
    ['GRUB_CMDLINE_LINUX=\0\xff', 'GRUB_CMDLINE_LINUX', ['\0\xff']],
  ])('read %j', (text, name, parameters) => {
    expect(parseGrubSettings(`# GRUB_CMDLINE_LINUX="no"\nGRUB_DEFAULT=0\n${text}`)).toEqual([{ name, parameters }]);
  });

  it('are read in linear time', () => {
    const cpuMs = cpuTimer();

    parseGrubSettings('GRUB_CMDLINE_LINUX="\n'.repeat(50_000) + "GRUB_CMDLINE_LINUX='\n".repeat(50_001));
    parseGrubSettings(`GRUB_CMDLINE_LINUX="${' '.repeat(1_000_000)}`);

    expect(cpuMs()).toBeLessThan(3_000);
  });
});

describe('a boot menu', () => {
  it('gives the parameters of each kernel, in order', () => {
    const text = 'menuentry x {\n\tlinux\t/vmlinuz-6 root=/dev/sda ro quiet\n\tinitrd /i\n}\n# linux no\nlinux16 /k';

    expect(parseMenu(text, ['linux', 'linux16'])).toEqual([
      { name: '/vmlinuz-6', parameters: ['root=/dev/sda', 'ro', 'quiet'] },
      { name: '/k', parameters: [] },
    ]);
  });

  it('of the boot loader specification may go on over several lines', () => {
    expect(parseLoaderEntry('title x\noptions a b\noptions c\n#options d')).toEqual([
      { name: '', parameters: ['a', 'b', 'c'] },
    ]);
    expect(parseLoaderEntry('title x')).toEqual([]);
    expect(parsePlain('# no\na b\nc')).toEqual([{ name: '', parameters: ['a', 'b', 'c'] }]);
  });

  it('is told by file, once', () => {
    const { entries } = factsIn(kernelCmdline, {
      'boot/grub/grub.cfg': 'linux /v ro\nlinux /v ro\nlinux /v ro single',
      'etc/default/grub.d/50.cfg': 'GRUB_CMDLINE_LINUX=x',
      'etc/default/grub.d/50.cfg.bak': 'GRUB_CMDLINE_LINUX=y',
      'etc/kernel/cmdline': 'z',
    });

    expect(entries).toMatchObject([
      { name: '/boot/grub/grub.cfg /v', parameters: ['ro'] },
      { name: '/boot/grub/grub.cfg /v #2', parameters: ['ro', 'single'] },
      { name: '/etc/default/grub.d/50.cfg GRUB_CMDLINE_LINUX', parameters: ['x'] },
      { name: '/etc/kernel/cmdline', parameters: ['z'] },
    ]);
  });
});

describe('kernel modules', () => {
  it('are loaded by name, with parameters', () => {
    expect(parseModulesLoad('# no\n; no\nbr-netfilter\r\n\n  loop max_loop=8')).toEqual([
      { name: 'load br_netfilter', values: [] },
      { name: 'load loop', values: ['max_loop=8'] },
    ]);
  });

  it('are configured by lines that go on behind a backslash', () => {
    const text =
      'install usb-storage \\\n# a comment here is part of it\r\nalias pci:v-[a-b]* x-y\nblacklist\nnonsense a b\\';

    expect(parseModprobe(text)).toEqual([
      { name: 'install usb_storage', values: ['#', 'a', 'comment', 'here', 'is', 'part', 'of', 'it'] },
      { name: 'alias pci:v-[a-b]*', values: ['x-y'] },
      { name: 'blacklist', values: [] },
      { name: 'nonsense a b', values: [] },
    ]);
  });

  it('come from the first directory that has a file of the name', () => {
    const { entries, holes } = factsIn(kernelModules, {
      'etc/modules': 'loop\n',
      'etc/modules-load.d/modules.conf': { to: '../modules' },
      'etc/modprobe.d/a.conf': 'options x 1\noptions x 2\noptions x 1\n',
      'usr/lib/modprobe.d/a.conf': 'blacklist hidden',
      'usr/lib/modprobe.d/b.conf': 'blacklist masked',
      'run/modprobe.d/b.conf': { to: '../../dev/null' },
      'etc/modprobe.d/c.conf.dpkg-old': 'blacklist old',
    });

    expect(holes).toEqual([]);
    expect(entries).toEqual([
      {
        subject: 'kernel-module',
        name: 'load loop',
        values: [],
        files: ['/etc/modules', '/etc/modules-load.d/modules.conf'],
      },
      { subject: 'kernel-module', name: 'options x', values: ['1'], files: ['/etc/modprobe.d/a.conf'] },
      { subject: 'kernel-module', name: 'options x #2', values: ['2'], files: ['/etc/modprobe.d/a.conf'] },
    ]);
  });

  it('are numbered in linear time, where all have one name', () => {
    const cpuMs = cpuTimer();

    const { entries } = factsIn(kernelModules, {
      'etc/modprobe.d/a.conf': Array.from({ length: 30_000 }, (_, index) => `options x ${index}\n`).join(''),
    });

    expect(entries).toHaveLength(30_000);
    expect(cpuMs()).toBeLessThan(8_000);
  });
});
