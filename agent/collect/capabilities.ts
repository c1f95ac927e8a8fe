/** In the order of linux/capability.h: the number of a capability is its place. */
const capabilityNames = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner'],
  ...['sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice'],
  ...['sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease', 'audit_write', 'audit_control', 'setfcap'],
  ...['mac_override', 'mac_admin', 'syslog', 'wake_alarm', 'block_suspend', 'audit_read', 'perfmon', 'bpf'],
  'checkpoint_restore',
];

/**
 * The capabilities of a file (struct vfs_cap_data, capabilities(7)) as text: `cap_net_admin,cap_net_raw=ep`, groups of
 * equal flags in the order of their first capability, and `[rootid=1000]` for those of a user namespace. One the kernel
 * knows and this list does not is its number. Undefined for what is no such structure.
 */
export function capabilitiesText(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined;
  const magic = bytes.readUInt32LE(0);
  const revision = magic >>> 24;
  const sets = { 1: 1, 2: 2, 3: 2 }[revision];
  const length = sets === undefined ? -1 : 4 + sets * 8 + (revision === 3 ? 4 : 0);
  if (sets === undefined || bytes.length !== length || (magic & 0x00ff_fffe) !== 0) return undefined;
  const effective = magic & 1 ? 'e' : '';
  const groups = new Map<string, string[]>();
  for (let number = 0; number < sets * 32; number++) {
    const at = 4 + (number >>> 5) * 8;
    const bit = 2 ** (number & 31);
    const has = (offset: number) => Math.floor(bytes.readUInt32LE(offset) / bit) % 2 === 1;
    const flags = `${has(at + 4) ? 'i' : ''}${has(at) ? 'p' : ''}`;
    if (flags === '') continue;
    const group = groups.get(effective + flags) ?? [];
    group.push(capabilityNames[number] === undefined ? `${number}` : `cap_${capabilityNames[number]}`);
    groups.set(effective + flags, group);
  }
  const text = [...groups].map(([flags, names]) => `${names.join(',')}=${flags}`).join(' ') || '=';
  return revision === 3 ? `${text} [rootid=${bytes.readUInt32LE(bytes.length - 4)}]` : text;
}
