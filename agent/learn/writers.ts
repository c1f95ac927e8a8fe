import { compilePattern } from '../../shared/pattern.ts';

/** Who is known to write somewhere when a machine boots. */
export interface Writer {
  readonly match: readonly string[];
  readonly writer: string;
  readonly reason: string;
  /** It goes on writing while the machine runs. */
  readonly keepsChanging?: true;
  /** What it keeps there has names of its own: the places as a whole are ephemeral. */
  readonly as?: 'ephemeral';
}

/** useradd and its kin write all of these together. */
export const accountFiles: readonly string[] = ['passwd', 'shadow', 'group', 'gshadow', 'subuid', 'subgid'].flatMap(
  (name) => [`/etc/${name}`, `/etc/${name}-`],
);

/** The first that matches speaks. A reason ends up in the rule that a person signs. */
const writers: readonly Writer[] = [
  {
    match: ['/var/lib/cloud/**'],
    writer: 'cloud-init',
    reason: 'cloud-init keeps there what this instance was told; a script it was given is still a new executable',
    as: 'ephemeral',
  },
  {
    match: [
      '/etc/netplan/50-cloud-init.yaml',
      '/etc/network/interfaces.d/50-cloud-init*',
      '/etc/systemd/network/10-cloud-init-*.network',
      '/etc/NetworkManager/system-connections/cloud-init-*.nmconnection',
    ],
    writer: 'cloud-init',
    reason: 'cloud-init writes the network of this instance, and again when it changes',
    keepsChanging: true,
  },
  {
    match: ['/etc/sudoers.d/90-cloud-init-users', '/etc/cloud/**', '/etc/apt/sources.list.d/cloud-init*'],
    writer: 'cloud-init',
    reason: 'cloud-init writes what user-data says',
  },
  {
    match: ['/etc/default/locale', '/etc/locale.conf', '/etc/locale.gen', '/etc/timezone', '/etc/localtime'],
    writer: 'cloud-init',
    reason: 'cloud-init sets locale and time zone from user-data',
  },
  {
    match: ['/root/.ssh', '/root/.ssh/*', '/home/*/.ssh', '/home/*/.ssh/*'],
    writer: 'cloud-init',
    reason: 'cloud-init writes the keys that user-data or the cloud gives',
  },
  {
    match: accountFiles,
    writer: 'useradd',
    reason: 'useradd makes the accounts of the first boot',
  },
  {
    match: ['/home/*', '/home/*/.*'],
    writer: 'useradd',
    reason: 'useradd makes a home from /etc/skel',
  },
  {
    match: ['/var/lib/systemd/random-seed'],
    writer: 'systemd-random-seed',
    reason: 'systemd-random-seed.service writes a new seed at every start and stop',
    keepsChanging: true,
  },
  {
    match: ['/var/lib/systemd/timers/**'],
    writer: 'systemd',
    reason: 'systemd stamps there when a persistent timer last ran',
    as: 'ephemeral',
  },
  {
    match: ['/var/lib/systemd/catalog/database'],
    writer: 'systemd-journal-catalog-update',
    reason: 'systemd-journal-catalog-update.service compiles the catalog at boot',
    keepsChanging: true,
  },
  {
    match: ['/etc/.updated', '/var/.updated'],
    writer: 'systemd-update-done',
    reason: 'systemd-update-done.service writes them at the first boot after an update',
    keepsChanging: true,
  },
  {
    match: ['/etc/udev/hwdb.bin'],
    writer: 'systemd-hwdb-update',
    reason: 'systemd-hwdb-update.service compiles the hardware database at boot',
    keepsChanging: true,
  },
  {
    match: ['/var/lib/systemd/timesync', '/var/lib/systemd/timesync/**'],
    writer: 'systemd-timesyncd',
    reason: 'systemd-timesyncd notes there that the clock was set',
    keepsChanging: true,
  },
  {
    match: ['/var/lib/systemd/credential.secret'],
    writer: 'systemd',
    reason: 'systemd makes the secret that credentials of this host are encrypted with',
  },
  {
    match: ['/var/lib/systemd/**', '/var/lib/private', '/var/lib/private/**'],
    writer: 'systemd',
    reason: 'systemd keeps the state of its services there',
  },
  { match: ['/var/lib/dbus/machine-id'], writer: 'dbus', reason: 'dbus takes the machine id of this instance' },
  {
    match: ['/etc/ssh/ssh_host_*'],
    writer: 'ssh-keygen',
    reason: 'sshd or cloud-init makes the host keys of this instance',
  },
  {
    match: ['/var/lib/dhcp/*', '/var/lib/dhclient/*', '/var/lib/dhcpcd/*', '/var/lib/dhcpcd5/*'],
    writer: 'the DHCP client',
    reason: 'the DHCP client keeps its leases there',
    keepsChanging: true,
  },
  {
    match: ['/var/lib/NetworkManager/**'],
    writer: 'NetworkManager',
    reason: 'NetworkManager keeps its leases, its secret key and its state there',
    as: 'ephemeral',
  },
  { match: ['/var/lib/wicked/**'], writer: 'wicked', reason: 'wicked keeps its leases there', as: 'ephemeral' },
  {
    match: ['/var/lib/chrony/*', '/var/lib/ntp/*', '/var/lib/ntpsec/*'],
    writer: 'the time service',
    reason: 'the time service measures the clock of this machine',
    keepsChanging: true,
  },
  {
    match: ['/etc/ssl/private/ssl-cert-snakeoil.key', '/etc/ssl/certs/ssl-cert-snakeoil.pem'],
    writer: 'make-ssl-cert',
    reason: 'make-ssl-cert makes a certificate with the name of this instance',
  },
  {
    match: ['/var/lib/apt/**'],
    writer: 'apt',
    reason: 'apt keeps there what it knows of its sources; what is installed is looked at apart',
    as: 'ephemeral',
  },
  {
    match: ['/var/lib/logrotate', '/var/lib/logrotate/*', '/var/spool/anacron/*'],
    writer: 'logrotate or anacron',
    reason: 'logrotate and anacron note when they last ran',
    keepsChanging: true,
  },
  {
    match: ['/etc/iscsi/initiatorname.iscsi', '/etc/nvme/hostid', '/etc/nvme/hostnqn'],
    writer: 'the storage service',
    reason: 'each machine has a name of its own to storage',
  },
  {
    match: ['/var/lib/amazon/ssm/**'],
    writer: 'amazon-ssm-agent',
    reason: 'amazon-ssm-agent registers this instance there; a script it was sent is still a new executable',
    as: 'ephemeral',
  },
  {
    match: ['/var/lib/waagent/**'],
    writer: 'waagent',
    reason: 'the agent of Azure keeps its state there; an extension it was sent is still a new executable',
    as: 'ephemeral',
  },
];

/** Who writes at a path, if anybody is known to; with the one of its patterns that says so. */
export function writerOf(path: string): (Writer & { readonly pattern: string }) | undefined {
  const found = compiled.find(({ matches }) => matches(path));
  return found && { ...found.writer, pattern: found.pattern };
}

const compiled = writers.flatMap((writer) =>
  writer.match.map((pattern) => ({ writer, pattern, matches: compilePattern(pattern) })),
);
