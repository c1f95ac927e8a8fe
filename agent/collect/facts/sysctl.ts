import { redacted, redactedValue } from '../../secrets/redact.ts';
import type { Collector } from './collector.ts';
import { configDirectories, configText, dropInFiles } from './config-files.ts';
import { linesOf, normalised, trimmed } from './lines.ts';

const oldFile = '/etc/sysctl.conf';

/**
 * Kernel settings as they come out at boot: sysctl.d(5) by file name, the last line wins. /etc/sysctl.conf stands where a
 * link in sysctl.d puts it, as systemd reads it, and otherwise last, as procps does.
 */
export const sysctl: Collector<'sysctl'> = {
  subject: 'sysctl',
  reads: [oldFile, ...['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((base) => `${base}/sysctl.d/**`)],
  collect: (reader) => {
    const { files } = dropInFiles(reader, configDirectories(reader, 'sysctl.d'), (name) => name.endsWith('.conf'));
    const isLinked = files.some(({ path }) => reader.stat(path)?.target?.endsWith('/sysctl.conf') === true);
    const paths = [...files.map(({ path }) => path), ...(isLinked ? [] : [oldFile])];
    const last = new Map<string, { readonly value: string; readonly path: string }>();
    for (const path of paths) {
      for (const { key, value } of parseSysctl(configText(reader, path) ?? '')) last.set(key, { value, path });
    }
    return [...last].map(([key, { value, path }]) => ({
      subject: 'sysctl',
      name: redacted(key, 'plain'),
      value: redactedValue(key, value, 'plain'),
      files: [path],
    }));
  },
};

export interface Setting {
  /** With dots: `net.ipv4.ip_forward`. `-net.ipv4.conf.eth0.rp_filter`: a pattern before does not reach it. */
  readonly key: string;
  readonly value: string;
}

/** A dash before a setting only says that it may fail. A line that sets nothing is kept as a key without a value. */
export function parseSysctl(text: string): readonly Setting[] {
  return linesOf(text).flatMap((raw) => {
    const line = trimmed(raw);
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return [];
    const equals = line.indexOf('=');
    if (equals === -1) return [{ key: dotted(normalised(line)), value: '' }];
    const key = normalised(line.slice(0, equals));
    return [{ key: dotted(key.startsWith('-') ? key.slice(1) : key), value: normalised(line.slice(equals + 1)) }];
  });
}

/** Where the first separator is a slash, a dot is part of a name: `net/ipv4/conf/eth0.5` is `net.ipv4.conf.eth0/5`. */
function dotted(key: string): string {
  const first = /[./]/.exec(key)?.[0];
  if (first !== '/') return key;
  return key.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}
