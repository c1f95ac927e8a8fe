import { describe, expect, it } from 'vitest';
import { groupIn, originIn } from '../../../agent/watch/origin.ts';

const id = 'a'.repeat(64);

describe('where a process belongs', () => {
  it.each([
    ['0::/system.slice/ssh.service', 'ssh.service', null],
    ['0::/user.slice/user-1000.slice/session-3.scope', 'session-3.scope', null],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x@1.service', 'user@1000.service', null],
    ['3:cpu:/\n1:name=systemd:/system.slice/cron.service\n0::/', 'cron.service', null],
    [`0::/system.slice/docker-${id}.scope`, `docker-${id}.scope`, id],
    [`0::/machine.slice/libpod-${id}.scope/container`, `libpod-${id}.scope`, id],
    [`4:memory:/docker/${id}\n0::/`, null, id],
    [`0::/kubepods/burstable/pod1/cri-containerd-${id}.scope`, `cri-containerd-${id}.scope`, id],
    ['0::/', null, null],
    ['0::/system.slice', null, null],
    ['0::/../evil\u001b[31m.service', null, null],
    ['', null, null],
    ['nonsense', null, null],
  ])('%j', (text, unit, container) => {
    expect(originIn(text)).toEqual({ unit, container });
  });

  it('is called as its group where it has no other name', () => {
    expect(groupIn('5:devices:/\n4:memory:/lonely')).toBe('lonely');
    expect(groupIn('0::/')).toBeUndefined();
  });
});
