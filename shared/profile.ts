import { textsOf } from './profile-texts.ts';
import type { ProfileName, Rule } from './rules.ts';

/** What a distribution changes by itself on every instance. It relaxes only these; all else is immutable. */
export interface Profile {
  readonly name: ProfileName;
  readonly rules: readonly Rule[];
  /** Where pseudo filesystems are skipped: these mount points and everything beneath. */
  readonly pseudoMounts: readonly string[];
  /** Public text of which changes are shown: patterns. */
  readonly texts: readonly string[];
}

/** What os-release(5) says of a system. */
export interface Distribution {
  readonly id: string;
  readonly idLike: readonly string[];
}

/** The profile of a distribution, else of the nearest one that it says it is like, else what any Linux changes. */
export function profileFor({ id, idLike }: Distribution): Profile {
  for (const one of [id, ...idLike]) {
    const name = byId.get(one) ?? (one.startsWith('opensuse-') ? 'suse' : undefined);
    if (name !== undefined) return profiles[name];
  }
  return profiles.base;
}

/** A profile by its name; undefined for one of another version of us. */
export function profileNamed(name: string | undefined): Profile | undefined {
  return Object.values(profiles).find((profile) => profile.name === name);
}

const byId: ReadonlyMap<string, ProfileName> = new Map<string, ProfileName>([
  ['debian', 'debian'],
  ['ubuntu', 'ubuntu'],
  ...['rhel', 'centos', 'rocky', 'almalinux', 'fedora'].map((id): [string, ProfileName] => [id, 'rhel']),
  ['amzn', 'amazon'],
  ['alpine', 'alpine'],
  ...['suse', 'sles', 'opensuse'].map((id): [string, ProfileName] => [id, 'suse']),
]);

/** On every Linux: what lives only as long as the machine runs. */
const running: Rule = {
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
};

/** On every Linux: what its network, its clock and its package tools tell this machine for as long as it runs. */
const living: Rule = {
  match: [
    '/etc/hosts',
    '/etc/resolv.conf',
    '/etc/mtab',
    '/etc/adjtime',
    '/etc/ld.so.cache',
    // A certificate expires and is renewed; the key that it is about stays.
    '/etc/ssh/ssh_host_*-cert.pub',
    // Of no use once the agent is enrolled, and then often taken away.
    '/etc/pristine/join-token',
  ],
  as: 'per-instance',
  pin: false,
};

/** On every Linux: who this machine is, and what its agent was told when it started, for as long as it lives. */
const identity: Rule = {
  match: ['/etc/machine-id', '/etc/hostname', '/etc/ssh/ssh_host_*', '/etc/pristine/agent.yaml'],
  as: 'per-instance',
};

/** Who may enter, and who may become whom: nothing is relaxed, and a change weighs more. */
const doors: Rule = {
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
};

const base: readonly Rule[] = [running, living, identity, doors];

/** SUSE keeps the defaults that /etc overrides in /usr/etc. */
const usrEtcDoors: Rule = {
  match: ['/usr/etc/ssh/**', '/usr/etc/sudoers', '/usr/etc/sudoers.d/**'],
  as: 'immutable',
  severity: 'high',
};

const systemdSeed: Rule = {
  match: ['/var/lib/systemd/random-seed'],
  as: 'per-instance',
  pin: false,
  reason: 'systemd-random-seed.service writes a new seed at every start and stop',
};
const systemdTimers: Rule = {
  match: ['/var/lib/systemd/timers/**'],
  as: 'ephemeral',
  reason: 'systemd stamps there when a persistent timer last ran',
};
const systemdUpdated: Rule = {
  match: ['/etc/.updated', '/var/.updated'],
  as: 'per-instance',
  pin: false,
  reason: 'systemd-update-done.service writes them at the first boot after an update',
};
const cloudInitState: Rule = {
  match: ['/var/lib/cloud/**'],
  as: 'ephemeral',
  reason: 'cloud-init keeps there what this instance was told; a script it was given is still a new executable',
};
const networkManager: Rule = {
  match: ['/var/lib/NetworkManager/**'],
  as: 'ephemeral',
  reason: 'NetworkManager keeps its leases, its secret key and its state there',
};
const chrony: Rule = {
  match: ['/var/lib/chrony/drift', '/var/lib/chrony/chrony.drift'],
  as: 'per-instance',
  pin: false,
  reason: 'chronyd measures the clock of this machine',
};

const profileOf = (name: ProfileName, ...extra: readonly Rule[]): Profile => ({
  name,
  rules: [...base, ...extra],
  pseudoMounts: ['/proc', '/sys', '/dev', '/run'],
  texts: textsOf(name),
});

/** Each line beyond what any Linux changes says what writes it. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  base: profileOf('base'),
  debian: profileOf('debian'),
  ubuntu: profileOf('ubuntu', systemdSeed, systemdTimers, cloudInitState, {
    match: ['/etc/netplan/50-cloud-init.yaml'],
    as: 'per-instance',
    pin: false,
    reason: 'cloud-init writes the network of this instance, and again when it changes',
  }),
  rhel: profileOf('rhel', systemdSeed, systemdTimers, systemdUpdated, cloudInitState, networkManager, chrony, {
    match: ['/etc/NetworkManager/system-connections/cloud-init-*.nmconnection'],
    as: 'per-instance',
    pin: false,
    reason: 'cloud-init writes the network of this instance, and again when it changes',
  }),
  amazon: profileOf('amazon', systemdSeed, systemdTimers, systemdUpdated, cloudInitState, chrony, {
    match: ['/var/lib/amazon/ssm/**'],
    as: 'ephemeral',
    reason: 'amazon-ssm-agent registers this instance there; a script it was sent is still a new executable',
  }),
  alpine: profileOf('alpine', chrony, {
    match: ['/var/lib/seedrng/seed.credit', '/var/lib/seedrng/seed.no-credit', '/var/lib/misc/random-seed'],
    as: 'per-instance',
    pin: false,
    reason: 'seedrng and urandom of OpenRC write a new seed at every start and stop',
  }),
  suse: profileOf(
    'suse',
    usrEtcDoors,
    systemdSeed,
    systemdTimers,
    systemdUpdated,
    cloudInitState,
    networkManager,
    chrony,
    {
      match: ['/var/lib/wicked/**'],
      as: 'ephemeral',
      reason: 'wicked keeps its leases there',
    },
  ),
};
