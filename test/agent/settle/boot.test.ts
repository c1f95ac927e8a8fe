import { describe, expect, it } from 'vitest';
import { directoryRoot } from '../../../agent/collect/root.ts';
import { cloudInitOf, readBoot } from '../../../agent/settle/boot.ts';
import { type FactsRoot, factsRoot } from '../../support/facts-root.ts';

const installed = (root: FactsRoot) => root.put('/usr/bin/cloud-init', '');

describe('cloud-init', () => {
  it.each<[what: string, build: (root: FactsRoot) => void, state: string]>([
    ['is absent where it is not installed', () => undefined, 'absent'],
    ['runs where it is installed and has not ended', installed, 'running'],
    [
      'runs, whatever the boot before has left on the disk',
      (root) => {
        installed(root);
        root.put('/var/lib/cloud/instance/boot-finished', '');
        root.put('/var/lib/cloud/data/result.json', '{}');
      },
      'running',
    ],
    [
      'is done when its result is in /run',
      (root) => {
        installed(root);
        root.link('../../var/lib/cloud/data/result.json', '/run/cloud-init/result.json');
      },
      'done',
    ],
    [
      'is absent where it is switched off',
      (root) => {
        installed(root);
        root.put('/etc/cloud/cloud-init.disabled', '');
      },
      'absent',
    ],
    [
      'is absent where it found nothing to do',
      (root) => {
        installed(root);
        root.put('/run/cloud-init/disabled', '');
      },
      'absent',
    ],
    ['is not found on this machine through a link', (root) => root.link('/proc/self/root/usr', '/usr'), 'absent'],
  ])('%s', (_what, build, state) => {
    const root = factsRoot();
    build(root);

    expect(cloudInitOf(directoryRoot(root.dir))).toBe(state);
    root.remove();
  });
});

describe('what this machine says of its boot', () => {
  it('is its kernel’s boot, and that this system began after it and before now', () => {
    const { kernelBoot, uptimeMs, bornMs } = readBoot('/');

    expect(kernelBoot).toMatch(/^[0-9a-f-]{36}$/);
    expect(uptimeMs).toBeGreaterThan(bornMs);
    expect(bornMs).toBeGreaterThan(0);
  });
});
