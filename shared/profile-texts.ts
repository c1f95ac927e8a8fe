import type { ProfileName } from './rules.ts';

/** On every Linux: configuration that everybody may read, and that a change of is read first. */
const common: readonly string[] = [
  '/etc/anacrontab',
  '/etc/bash.bashrc',
  '/etc/bashrc',
  '/etc/cron.*/*',
  '/etc/crontab',
  '/etc/environment',
  '/etc/environment.d/*',
  '/etc/fstab',
  '/etc/group',
  '/etc/host.conf',
  '/etc/hosts',
  '/etc/hosts.allow',
  '/etc/hosts.deny',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d/*',
  '/etc/ld.so.preload',
  '/etc/login.defs',
  '/etc/logrotate.conf',
  '/etc/logrotate.d/*',
  '/etc/modprobe.d/*',
  '/etc/modules',
  '/etc/modules-load.d/*',
  '/etc/nsswitch.conf',
  '/etc/pam.conf',
  '/etc/pam.d/*',
  '/etc/passwd',
  '/etc/profile',
  '/etc/profile.d/*',
  '/etc/rc.local',
  '/etc/resolv.conf',
  '/etc/security/**',
  '/etc/shells',
  '/etc/ssh/ssh_config',
  '/etc/ssh/ssh_config.d/*',
  '/etc/ssh/sshd_config',
  '/etc/ssh/sshd_config.d/*',
  '/etc/sysctl.conf',
  '/etc/sysctl.d/*',
  '/etc/systemd/**',
  '/etc/tmpfiles.d/*',
  '/etc/udev/rules.d/*',
];

const apt = ['/etc/apt/**', '/etc/default/*', '/etc/network/interfaces', '/etc/network/interfaces.d/*'];
const yum = ['/etc/yum.conf', '/etc/yum.repos.d/*', '/etc/dnf/**', '/etc/sysconfig/**'];

const additional: Readonly<Record<ProfileName, readonly string[]>> = {
  base: [],
  debian: apt,
  ubuntu: [...apt, '/etc/netplan/*'],
  rhel: yum,
  amazon: yum,
  alpine: ['/etc/apk/repositories', '/etc/apk/world', '/etc/conf.d/*', '/etc/inittab', '/etc/init.d/*'],
  suse: ['/etc/zypp/**', '/etc/sysconfig/**', '/usr/etc/ssh/**'],
};

/** The text files of a distribution whose changes are shown unless the image's maker says otherwise. */
export function textsOf(profile: ProfileName): readonly string[] {
  return [...common, ...additional[profile]];
}
