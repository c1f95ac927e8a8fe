import { describe, expect, it } from 'vitest';
import { wantedId } from '../../../server/ctl/wanted-id.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const [a, b] = ['01a2239a-272d-77e7-bd02-5ff135cfd627', '01a2239a-2a52-7fc3-89b7-e62640dce1b7'];
const all = async () => [
  { id: a, name: 'local-5beb308e228a' },
  { id: b, name: null },
];

describe('what somebody calls an instance', () => {
  it.each([a, '01a2239a-27', 'cfd627', '01a223…fd627', 'local-5beb308e228a', 'local-…e228a'])(
    'is understood as %s',
    async (wanted) => {
      expect(await wantedId(wanted, 'instance', all)).toBe(a);
    },
  );

  it('may be a UUID that is no id, as Kubernetes calls its nodes', async () => {
    const name = '77e60d8c-489d-4307-b8b2-ed1c4af0c9e9';

    expect(await wantedId(name, 'instance', async () => [{ id: a, name }])).toBe(a);
  });

  it('is the one that is left, where those before it have retired', async () => {
    const claimants = async () => [
      { id: b, name: 'i-1', isPast: true },
      { id: a, name: 'i-1' },
    ];

    expect(await wantedId('i-1', 'instance', claimants)).toBe(a);
    expect(await wantedId(b.slice(-6), 'instance', claimants)).toBe(b);
  });

  it('is never guessed', async () => {
    expect(await codeOfAsync(() => wantedId('01a2239a', 'instance', all))).toBe('USAGE');
    expect(await wantedId('627', 'instance', all)).toBe('627');
    expect(await wantedId('local-5beb', 'instance', all)).toBe('local-5beb');
  });

  it('asks for no list where it is a whole id', async () => {
    const none = () => Promise.reject(new Error('asked'));

    expect(await wantedId(b, 'instance', none)).toBe(b);
  });
});
