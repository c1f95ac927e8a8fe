/** Where a process belongs, by its control group. */
export interface Origin {
  /** The innermost systemd unit. */
  readonly unit: string | null;
  readonly container: string | null;
}

/** Units that are about a process; slices only hold others. systemd.unit(5). */
const unitForm = /^[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|scope|mount|socket|swap)$/;
/** What container engines and Kubernetes call a container's group, with or without a prefix and `.scope`. */
const containerForm = /^(?:[a-z-]+[-:])?([0-9a-f]{64})(?:\.scope)?$/;

/** In /proc/PID/cgroup (cgroups(7)): `hierarchy:controllers:path` a line, the hierarchy of systemd or the only one first. Pure. */
export function originIn(text: string): Origin {
  const paths = text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers, path]) => ({ controllers, parts: path!.split('/').filter(Boolean) }))
    .sort((a, b) => rank(a.controllers!) - rank(b.controllers!));
  let unit: string | null = null;
  let container: string | null = null;
  for (const { parts } of paths) {
    unit ??= ownParts(parts).findLast((part) => unitForm.test(part)) ?? null;
    container ??= parts.map((part) => containerForm.exec(part)?.[1]).findLast((id) => id !== undefined) ?? null;
  }
  return { unit, container };
}

/** Beneath the manager of a user that user names the groups, as anything. */
function ownParts(parts: readonly string[]): readonly string[] {
  const manager = parts.findIndex((part) => /^user@\d+\.service$/.test(part));
  return manager === -1 ? parts : parts.slice(0, manager + 1);
}

/** The name of the innermost group: what is left to call a container by that has no id. */
export function groupIn(text: string): string | undefined {
  const names = text.split('\n').map((line) => line.slice(line.lastIndexOf('/') + 1));
  return names.find((name) => name !== '' && /^[\x21-\x7e]{1,128}$/.test(name));
}

function rank(controllers: string): number {
  if (controllers === 'name=systemd') return 0;
  return controllers === '' ? 1 : 2;
}
