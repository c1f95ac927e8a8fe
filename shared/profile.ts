import type { Rule } from './rules.ts';

/** What a distribution changes by itself on every instance. It relaxes only these; all else is immutable. */
export interface Profile {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Where pseudo filesystems are skipped: these mount points and everything beneath. */
  readonly pseudoMounts: readonly string[];
}

export const debianProfile: Profile = {
  name: 'debian',
  rules: [
    {
      match: [
        '/dev/**',
        '/proc/**',
        '/sys/**',
        '/run/**',
        '/tmp/**',
        '/var/tmp/**',
        '/var/log/**',
        '/var/cache/**',
        '/var/lib/pristine/**',
      ],
      as: 'ephemeral',
    },
    {
      match: [
        '/etc/machine-id',
        '/etc/hostname',
        '/etc/hosts',
        '/etc/resolv.conf',
        '/etc/mtab',
        '/etc/adjtime',
        '/etc/ld.so.cache',
        '/etc/ssh/ssh_host_*',
      ],
      as: 'per-instance',
    },
    {
      match: [
        '/etc/ssh/sshd_config',
        '/etc/ssh/sshd_config.d',
        '/etc/ssh/sshd_config.d/**',
        '/etc/sudoers',
        '/etc/sudoers.d',
        '/etc/sudoers.d/**',
        '/etc/passwd',
        '/etc/shadow',
        '/etc/group',
        '/etc/gshadow',
      ],
      as: 'immutable',
      severity: 'high',
    },
  ],
  pseudoMounts: ['/proc', '/sys', '/dev', '/run'],
};
