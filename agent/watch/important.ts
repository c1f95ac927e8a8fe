/** Where a change gives somebody power over the machine: watched before all else, where not everything can be. `*` is any one name. */
const importantPaths = [
  ...['/etc', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/usr/lib/systemd', '/boot', '/root'],
  ...['/home/*/.ssh', '/var/spool/cron', '/usr/lib/modules', '/opt/*/bin'],
].map((path) => path.slice(1).split('/'));

/** Whether a directory, by its path within the root, is one of those, beneath one, or on the way to one. */
export function isImportant(path: string): boolean {
  const names = path === '' ? [] : path.slice(1).split('/');
  return importantPaths.some((important) =>
    names.every((name, index) => index >= important.length || important[index] === '*' || important[index] === name),
  );
}
