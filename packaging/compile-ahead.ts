import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A root that has something for each collector to say: what a sweep runs is what is worth compiling ahead. */
const sample: Readonly<Record<string, string>> = {
  '/etc/apt/sources.list': 'deb [signed-by=/etc/apt/keyrings/a.gpg] https://deb.example.org/debian stable main\n',
  '/etc/cron.d/nightly': 'PATH=/usr/bin\n0 3 * * * root true\n',
  '/etc/group': 'root:x:0:\nwww-data:x:33:\n',
  '/etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n',
  '/etc/ld.so.conf.d/local.conf': '/usr/local/lib\n',
  '/etc/modprobe.d/none.conf': 'blacklist floppy\n',
  '/etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
  '/etc/pam.d/login': 'auth required pam_unix.so nullok\n',
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n',
  '/etc/shadow': 'root:*:19000:0:99999:7:::\n',
  '/etc/sudoers': 'Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
  '/etc/sysctl.conf': 'kernel.sysrq = 0\n',
  '/etc/systemd/system/web.service': '[Service]\nExecStart=/usr/bin/web\n[Install]\nWantedBy=multi-user.target\n',
  '/root/.ssh/authorized_keys':
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a@b\n',
  '/usr/bin/web': '#!/bin/sh\n',
  '/usr/lib/large': 'x'.repeat(1_048_576),
  '/var/lib/dpkg/info/web.list': '/.\n/usr\n/usr/bin\n/usr/bin/web\n',
  '/var/lib/dpkg/info/web.md5sums': '3e2b31c72181b87149ff995e7202c0e3  usr/bin/web\n',
  '/var/lib/dpkg/status': 'Package: web\nStatus: install ok installed\nVersion: 1.0\nArchitecture: all\n\n',
};

/** See `bundle/keep-code.cjs`. */
const flags = [
  '--hash-seed=1',
  '--no-flush-bytecode',
  '--no-sparkplug',
  '--no-concurrent-recompilation',
  '--no-profile-guided-optimization',
];

/** Runs a sweep of the sample with the bundle, and keeps the code that V8 makes of it beside each file (`load.cjs`). */
export function compileAhead(entry: string): void {
  const work = mkdtempSync(join(tmpdir(), 'pristine-compile-'));
  const root = join(work, 'root');
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, args, {
      cwd: work,
      env: { PRISTINE_BUNDLE: dirname(entry) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  try {
    for (const [path, text] of Object.entries(sample)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    symlinkSync('web', join(root, 'usr/bin/www'));
    const made = (name: string) => join(import.meta.dirname, 'bundle', name);
    const keeping = [...flags, `--require=${made('keep-code.cjs')}`];
    run(entry, 'keygen', '--out', 'sample');
    run(entry, 'bake', '--root', root, '--image', 'a', '--image-version', '1', '--out', 'baked', '--key', 'sample.key');
    run(...keeping, entry, 'verify', '--root', root, '--manifest', 'baked', '--pub', 'sample.pub');
    run(...keeping, made('run-observer.cjs'), root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
