/** What a machine that ran leaves behind, and no image may hand to every instance. */
export interface Remnant {
  readonly code: string;
  /** An error stops a bake that checks. A remark may be meant so. */
  readonly level: 'error' | 'remark';
  readonly match: readonly string[];
  readonly only?: Condition;
  readonly why: string;
  /** A command for a person; `{}` stands for the root. Without one, what was found is removed. */
  readonly fix?: string;
}

/** Which of the matches count; else whatever stands there. */
export type Condition =
  /** A regular file. */
  | 'file'
  /** A regular file that is not empty. */
  | 'content'
  /** A regular file whose text says so. */
  | ((text: string) => boolean);

const homes = ['/root', '/home/*'];
const inHomes = (...names: readonly string[]) => homes.flatMap((home) => names.map((name) => `${home}/${name}`));

/** In the order in which they are told. */
export const remnants: readonly Remnant[] = [
  {
    code: 'machine-id',
    level: 'error',
    match: ['/etc/machine-id'],
    only: (text) => !['', 'uninitialized'].includes(text.trim()),
    why: 'every instance would be the same machine to systemd, its journal and DHCP servers',
    fix: 'truncate -s 0 {}/etc/machine-id',
  },
  {
    code: 'dbus-machine-id',
    level: 'error',
    match: ['/var/lib/dbus/machine-id'],
    only: 'file',
    why: 'a machine id of its own: every instance would be the same machine on the bus',
    fix: 'ln -sf /etc/machine-id {}/var/lib/dbus/machine-id',
  },
  {
    code: 'host-key',
    level: 'error',
    match: ['/etc/ssh/ssh_host_*_key*', '/etc/dropbear/dropbear_*_host_key'],
    why: 'who has the image can pass as any instance of it; keys are made when an instance first boots',
  },
  {
    code: 'join-token',
    level: 'error',
    match: ['/etc/pristine/*', '/root/*'],
    only: (text) => /^pst_[\w-]{43}\s*$/.test(text),
    why: 'who has the image can enrol with it; an instance is given its own when it starts, or its cloud vouches for it',
  },
  {
    code: 'random-seed',
    level: 'error',
    match: [
      '/var/lib/systemd/random-seed',
      '/var/lib/urandom/random-seed',
      '/var/lib/random-seed',
      '/var/lib/misc/random-seed',
      '/var/lib/seedrng/seed.*',
      '/boot/loader/random-seed',
      '/boot/efi/loader/random-seed',
      '/efi/loader/random-seed',
    ],
    why: 'every instance would begin with the same random numbers, and make the same keys from them',
  },
  {
    code: 'host-secret',
    level: 'error',
    match: ['/var/lib/systemd/credential.secret', '/var/lib/NetworkManager/secret_key', '/etc/krb5.keytab'],
    why: 'a secret of one machine: each makes or is given its own',
  },
  {
    code: 'storage-identity',
    level: 'error',
    match: ['/etc/iscsi/initiatorname.iscsi'],
    only: (text) => /^\s*InitiatorName=/m.test(text),
    why: 'two machines with one initiator name write over each other’s disks',
    fix: "echo 'GenerateName=yes' > {}/etc/iscsi/initiatorname.iscsi",
  },
  {
    code: 'storage-identity',
    level: 'error',
    match: ['/etc/nvme/hostid', '/etc/nvme/hostnqn'],
    only: 'content',
    why: 'two machines with one host id are one machine to NVMe storage',
  },
  {
    code: 'cloud-init-state',
    level: 'error',
    match: ['/var/lib/cloud/instance', '/var/lib/cloud/instances/*', '/var/lib/cloud/data/*', '/var/lib/cloud/sem/*'],
    why: 'cloud-init would take a new instance for one that it has set up already; it also keeps user-data there',
  },
  {
    code: 'cloud-init-output',
    level: 'error',
    match: [
      '/etc/netplan/50-cloud-init.yaml',
      '/etc/network/interfaces.d/50-cloud-init*',
      '/etc/NetworkManager/system-connections/cloud-init-*.nmconnection',
      '/etc/sudoers.d/90-cloud-init-users',
    ],
    why: 'cloud-init wrote it for the machine that this image was built on',
  },
  {
    code: 'lease',
    level: 'error',
    match: [
      '/var/lib/dhcp/*.leases*',
      '/var/lib/dhclient/*.lease*',
      '/var/lib/NetworkManager/*.lease',
      '/run/systemd/netif/leases/*',
      '/var/lib/wicked/lease-*.xml',
      '/var/lib/wicked/duid.xml',
      '/var/lib/wicked/iaid.xml',
      '/var/lib/dhcpcd/*.lease*',
      '/var/lib/dhcpcd/duid',
      '/var/lib/dhcpcd5/*.lease*',
      '/var/db/dhcpcd/*.lease*',
    ],
    only: 'content',
    why: 'every instance would ask for the address that the build machine had',
  },
  {
    code: 'udev-names',
    level: 'error',
    match: ['/etc/udev/rules.d/*-persistent-net.rules'],
    only: 'content',
    why: 'it names network cards by the addresses of the build machine: those of an instance get other names',
  },
  {
    code: 'agent-state',
    level: 'error',
    match: ['/var/lib/pristine/*'],
    why: 'the identity of an agent: every instance would be the same one to the server',
    fix: 'find {}/var/lib/pristine -mindepth 1 -delete',
  },
  {
    code: 'other-agent',
    level: 'error',
    match: ['/etc/salt/minion_id', '/etc/salt/pki/minion/minion.pem', '/etc/puppetlabs/puppet/ssl/private_keys/*'],
    why: 'every instance would be the same one to the server of that agent',
  },
  {
    code: 'history',
    level: 'error',
    match: inHomes(
      '.*_history',
      '.history',
      '.lesshst',
      '.viminfo',
      '.wget-hsts',
      '.local/share/fish/fish_history',
      '.local/state/*/history',
    ),
    only: 'content',
    why: 'what was typed while the image was built is for nobody else, and often holds a password',
  },
  {
    code: 'private-key',
    level: 'error',
    match: inHomes('.ssh/id_*'),
    only: (text) => text.includes('PRIVATE KEY-----'),
    why: 'who has the image has the key',
  },
  {
    code: 'journal',
    level: 'error',
    match: ['/var/log/journal/*/*.journal*'],
    why: 'what the build machine did would stand in the journal of every instance',
    fix: 'rm -rf {}/var/log/journal/*',
  },
  {
    code: 'unfinished-packages',
    level: 'error',
    match: ['/var/lib/dpkg/updates/*', '/var/lib/pacman/db.lck', '/run/zypp.pid', '/run/yum.pid'],
    why: 'a package manager is at work or was killed: let it end, or `dpkg --configure -a` end it, before the image is made',
  },
  {
    code: 'authorized-key',
    level: 'remark',
    match: inHomes('.ssh/authorized_keys', '.ssh/authorized_keys2'),
    only: 'content',
    why: 'it opens every instance to its owners; fine where that is meant',
  },
  {
    code: 'credentials',
    level: 'remark',
    match: inHomes('.netrc', '.git-credentials', '.aws/credentials', '.docker/config.json', '.pgpass'),
    only: 'content',
    why: 'who has the image has them',
  },
  {
    code: 'resolver',
    level: 'remark',
    match: ['/etc/resolv.conf'],
    only: (text) => /^\s*nameserver\s+(?!127\.|::1\s*$)/m.test(text),
    why: 'name servers of the network that the image was built in; fine where instances have the same',
    fix: 'truncate -s 0 {}/etc/resolv.conf',
  },
  {
    code: 'host-name',
    level: 'remark',
    match: ['/etc/hostname'],
    only: (text) => !['', 'localhost', 'localhost.localdomain'].includes(text.trim()),
    why: 'every instance starts by this name, until something gives it another',
    fix: 'truncate -s 0 {}/etc/hostname',
  },
  {
    code: 'log',
    level: 'remark',
    match: ['auth.log', 'btmp', 'cloud-init*.log', 'lastlog', 'messages', 'secure', 'syslog', 'wtmp'].map(
      (name) => `/var/log/${name}`,
    ),
    only: 'content',
    why: 'what the build machine did would stand in the logs of every instance',
  },
];
