import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './program.ts';

/** What hashing alone costs: no manifest, no comparison, no attributes. */
export function opensslOf(root: string): Program {
  const script = 'find "$1" -xdev -type f -print0 | xargs -0 -P2 -n200 openssl dgst -sha256';
  return { name: 'openssl', command: ['bash', '-o', 'pipefail', '-c', script, 'bash', root] };
}

/** What reading alone costs: no digest either. */
export function catOf(root: string): Program {
  const script = 'find "$1" -xdev -type f -print0 | xargs -0 -P2 cat > /dev/null';
  return { name: 'cat', command: ['bash', '-o', 'pipefail', '-c', script, 'bash', root] };
}

/** AIDE with the attributes that we compare, two workers, and a database of this root. */
export function aideOf(root: string, work: string): Program {
  const config = join(work, 'aide.conf');
  const database = join(work, 'aide.db');
  writeFileSync(
    config,
    [
      `database_in=file:${database}`,
      `database_out=file:${database}.new`,
      'gzip_dbout=no',
      'report_url=stdout',
      'num_workers=2',
      'Measured = p+u+g+s+sha256+ftype+l+acl+xattrs+caps+selinux+e2fsattrs',
      `${root.replace(/[^\w/-]/g, '\\$&')} Measured`,
      '',
    ].join('\n'),
  );
  execFileSync('aide', ['--init', '-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  renameSync(`${database}.new`, database);
  return { name: 'aide', command: ['aide', '--check', '-c', config] };
}
