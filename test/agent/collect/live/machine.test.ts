import { describe, expect, it } from 'vitest';
import { isPrivate } from '../../../../agent/collect/live/machine.ts';

const unit = '0::/system.slice/pristine-agent.service\n';
const container = '12:pids:/docker/0123\n0::/system.slice/docker-0123.scope\n';

describe('mounts that are not those of the machine', () => {
  it.each([
    ['none, in the namespace of process 1', 'a', 'a', true, unit, false],
    ['some, with its root in another', 'a', 'b', true, container, true],
    ['a container’s own, with another root', 'a', 'b', false, container, false],
    ['some, of our unit, whatever root it was given', 'a', 'b', false, unit, true],
    ['none of ours, in a unit that is only called alike', 'a', 'b', false, '0::/x/my-pristine-agent.service\n', false],
  ] as const)('are %s', (_what, own, first, sharesRoot, cgroups, expected) => {
    expect(isPrivate({ own, first, sharesRoot, cgroups })).toBe(expected);
  });
});
