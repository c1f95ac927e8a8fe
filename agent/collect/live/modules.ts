/** A module in the kernel. */
export interface LoadedModule {
  readonly name: string;
  /** Why it taints the kernel, one letter a reason, as Documentation/admin-guide/tainted-kernels.rst says. */
  readonly taints?: string;
}

/**
 * /proc/modules (proc_modules(5)): name size references dependants state address [(taints)]. Undefined where a line is
 * anything else.
 */
export function parseModules(text: string): readonly LoadedModule[] | undefined {
  const modules: LoadedModule[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const parts = form.exec(line);
    if (parts === null) return undefined;
    modules.push({ name: parts[1]!, ...(parts[2] !== undefined && { taints: parts[2] }) });
  }
  return modules;
}

const form = /^(\S+) \d+ (?:\d+|-) \S+ (?:Live|Loading|Unloading) 0x[0-9a-f]+(?: \(([A-Z+-]+)\))?\s*$/;

/** The same for a module and the file it comes from: `-` and `_` are alike there (modprobe(8)). */
export function moduleKey(name: string): string {
  return name.replaceAll('-', '_');
}
