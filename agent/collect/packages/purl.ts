export interface PackageUrl {
  readonly type: 'deb' | 'rpm' | 'apk' | 'pypi' | 'npm';
  /** The distribution, or the scope of a package of npm. */
  readonly namespace?: string;
  readonly name: string;
  readonly version: string;
  /** In the order of their names; one without a value is left out. */
  readonly qualifiers?: Readonly<Record<string, string | undefined>>;
}

/**
 * A package URL as https://github.com/package-url/purl-spec writes it: `pkg:deb/debian/bash@5.2?arch=amd64`. The parts
 * are bytes as latin1, so that each byte that is not plain is one escape.
 */
export function packageUrl({ type, namespace, name, version, qualifiers = {} }: PackageUrl): string {
  const path = [type, ...(namespace ? [namespace] : []), name].map(escapePart).join('/');
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escapePart(value!)}`)
    .join('&');
  return `pkg:${path}${version === '' ? '' : `@${escapePart(version)}`}${query === '' ? '' : `?${query}`}`;
}

function escapePart(text: string): string {
  return text.replace(
    /[^A-Za-z0-9.\-_~:]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
