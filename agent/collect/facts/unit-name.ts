/** The suffixes of systemd.unit(5). */
const types = 'service socket device mount automount swap target path timer slice scope'.split(' ');
const templated = 'service socket target path timer'.split(' ');
const charsMax = 255;
const form = /^[A-Za-z0-9:_.\\@-]+$/;

/** `plain` as ssh.service, `template` as getty@.service, `instance` as getty@tty1.service. Undefined: no name of a unit. */
export function unitKind(name: string): 'plain' | 'template' | 'instance' | undefined {
  const dot = name.lastIndexOf('.');
  if (dot < 1 || name.length > charsMax || !types.includes(name.slice(dot + 1)) || !form.test(name)) return undefined;
  const at = name.indexOf('@');
  if (at === -1 || at > dot) return 'plain';
  if (at === 0) return undefined;
  return at === dot - 1 ? 'template' : 'instance';
}

/** A mount or a slice cannot be a template: systemd refuses the file. */
export function mayBeTemplate(name: string): boolean {
  return templated.includes(unitType(name));
}

export function unitType(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** getty@.service of getty@tty1.service. Undefined for a plain name. */
export function templateOf(name: string): string | undefined {
  const at = name.indexOf('@');
  return at === -1 ? undefined : `${name.slice(0, at + 1)}.${unitType(name)}`;
}

/** The template with the instance of another name in it: getty@tty1.service. */
export function instantiated(template: string, instance: string): string {
  const dot = template.lastIndexOf('.');
  return template.slice(0, dot) + instance + template.slice(dot);
}

export function instanceOf(name: string): string {
  return name.slice(name.indexOf('@') + 1, name.lastIndexOf('.'));
}

/** Whether a link of one name may lead to the other: the type stays, and so does what is an instance (systemd.unit(5)). */
export function mayAlias(name: string, target: string): boolean {
  const [from, to] = [unitKind(name), unitKind(target)];
  if (from === undefined || to === undefined || unitType(name) !== unitType(target)) return false;
  if (from === 'instance') return to === 'template' || (to === 'instance' && instanceOf(name) === instanceOf(target));
  return from === to;
}

/**
 * The names whose `.d` directories speak for a unit, the most specific first: its own, its template's, and those cut off at
 * each dash, foo-bar-.service and foo-.service for foo-bar-baz.service.
 */
export function dropInNames(name: string): readonly string[] {
  const template = unitKind(name) === 'instance' ? templateOf(name)! : undefined;
  const names = [name, ...(template === undefined ? [] : dropInNames(template))];
  const end = name.includes('@') ? name.indexOf('@') : name.lastIndexOf('.');
  for (let dash = name.lastIndexOf('-', end - 2); dash > 0; dash = name.lastIndexOf('-', dash - 1)) {
    names.push(name.slice(0, dash + 1) + name.slice(end));
  }
  return [...new Set(names)];
}
