import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMemorySigns } from '../../../agent/host/memory-signs.ts';
import { aDirectory } from '../../support/directory.ts';

const stalled = 'some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=90.00 avg60=0.00 avg300=0.00 total=1\n';
const stat = 'anon 1\ninactive_file 400\ntotal_inactive_file 400\n';

describe('the signs of memory', () => {
  it('are those of the machine and of the own group, in version 2', () => {
    const place = aMachine({
      'proc/pressure/memory': stalled,
      'proc/self/cgroup': '0::/system.slice/pristine-agent.service\n',
      'groups/system.slice/pristine-agent.service/memory.pressure': stalled,
      'groups/system.slice/pristine-agent.service/memory.max': '2000\n',
      'groups/system.slice/pristine-agent.service/memory.high': '1000\n',
      'groups/system.slice/pristine-agent.service/memory.current': '900\n',
      'groups/system.slice/pristine-agent.service/memory.stat': stat,
    });

    expect(signsOf(place)).toEqual({ machineStalled: 0.125, groupStalled: 0.125, groupUsed: 0.5 });
  });

  it('are those of version 1 where the group is one of it', () => {
    const place = aMachine({
      'proc/self/cgroup': '9:name=systemd:/\n4:cpu,memory:/a\n0::/\n',
      'groups/memory/a/memory.limit_in_bytes': '1000\n',
      'groups/memory/a/memory.usage_in_bytes': '1300\n',
      'groups/memory/a/memory.stat': stat,
    });

    expect(signsOf(place)).toEqual({ groupUsed: 0.9 });
  });

  it.each([
    ['without limits in version 2', 'memory.max', 'max\n'],
    ['without a limit in version 1', 'memory.limit_in_bytes', '9223372036854771712\n'],
  ])('know nothing of a group %s', (_what, file, limit) => {
    const said = file === 'memory.max' ? '0::/\n' : '1:memory:/\n';
    const folder = file === 'memory.max' ? 'groups' : 'groups/memory';
    const place = aMachine({
      'proc/self/cgroup': said,
      [`${folder}/${file}`]: limit,
      [`${folder}/memory.current`]: '1\n',
      [`${folder}/memory.usage_in_bytes`]: '1\n',
      [`${folder}/memory.stat`]: stat,
    });

    expect(signsOf(place)).toEqual({});
  });

  it('are none where the kernel tells nothing', () => {
    expect(signsOf(aMachine({}))).toEqual({});
  });

  it('can be read here', () => {
    for (const sign of Object.values(readMemorySigns())) expect(sign ?? 0).toBeGreaterThanOrEqual(0);
  });
});

function aMachine(files: Readonly<Record<string, string>>): string {
  const place = aDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), text);
  }
  return place;
}

function signsOf(place: string) {
  return readMemorySigns(join(place, 'proc'), join(place, 'groups'));
}
