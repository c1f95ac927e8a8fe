import { describe, expect, it } from 'vitest';
import { digestOf, sha256Hex } from '../../shared/digest.ts';
import { Finding, fingerprintOf } from '../../shared/finding.ts';
import { Identity, identityOf, sharedIdentity } from '../../shared/identity.ts';
import { aFile, aLink, contentA, contentB } from '../support/entries.ts';

const machineId = aFile({ name: '/etc/machine-id', content: contentA });

describe('an identity', () => {
  it.each([
    ['/etc/machine-id', true],
    ['/etc/ssh/ssh_host_ed25519_key.pub', true],
    ['/etc/ssh/ssh_host_rsa_key.pub', true],
    ['/etc/ssh/ssh_host_rsa_key', false],
    ['/etc/ssh/ssh_host_rsa_key-cert.pub', false],
    ['/etc/ssh/x/ssh_host_rsa_key.pub', false],
    ['/etc/hostname', false],
    ['/srv/etc/machine-id', false],
  ])('is %s: %s', (name, is) => {
    expect(identityOf(aFile({ name })) !== undefined).toBe(is);
  });

  it.each(['', '\n', 'uninitialized', 'uninitialized\n'])('is no machine-id of %j', (text) => {
    expect(identityOf({ ...machineId, content: digestOf(text) })).toBeUndefined();
  });

  it('is no link, and nothing that could not be read', () => {
    expect(identityOf(aLink('/x', '/etc/machine-id'))).toBeUndefined();
    expect(identityOf({ ...machineId, content: undefined! })).toBeUndefined();
  });

  it('is equal for equal content of the same name alone, and tells neither the content nor its plain digest', () => {
    const { digest } = identityOf(machineId)!;

    expect(identityOf(aFile({ name: '/etc/machine-id', content: contentB }))?.digest).not.toBe(digest);
    expect(identityOf(aFile({ name: '/etc/ssh/ssh_host_rsa_key.pub', content: contentA }))?.digest).not.toBe(digest);
    expect(digest).not.toBe(contentA);
    expect(digest).toBe(`sha256:${sha256Hex(`pristine identity\n/etc/machine-id\n${contentA}`)}`);
    expect(Identity.parse(identityOf(machineId))).toEqual({ name: '/etc/machine-id', digest });
  });

  it('that is shared is a finding like any other', () => {
    const finding = sharedIdentity(identityOf(machineId)!);

    expect(Finding.parse(finding)).toEqual(finding);
    expect(finding.fingerprint).toBe(fingerprintOf(finding));
  });
});
