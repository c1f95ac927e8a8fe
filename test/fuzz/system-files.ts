/** A system in small: a file or two of each kind that a collector reads, as distributions ship them. */
export function systemFiles(): ReadonlyMap<string, Buffer> {
  return new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text, 'latin1')]));
}

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

const texts: Readonly<Record<string, string>> = {
  '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n',
  '/etc/shadow': 'root:*:19000:0:99999:7:::\nann:$y$j9T$abc$def:19000:0:99999:7:::\n',
  '/etc/group': 'root:x:0:\nsudo:x:27:ann\nann:x:1000:\n',
  '/etc/sudoers':
    'Defaults env_reset\nUser_Alias ADMINS = ann, \\\n  bob\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL) NOPASSWD: /usr/bin/apt\n@includedir /etc/sudoers.d\n',
  '/etc/sudoers.d/ops': 'ADMINS ALL=(root) /bin/systemctl restart *\n',
  '/root/.ssh/authorized_keys': `# keys\n${key} ann@host\n`,
  '/home/ann/.ssh/authorized_keys': `from="10.0.0.0/8,!10.1.*",command="echo \\"hi\\"",no-pty ${key}\n`,
  '/etc/ssh/sshd_config':
    'Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\n',
  '/etc/pam.d/sshd':
    '@include common-auth\nauth [success=1 default=ignore] pam_unix.so nullok\nsession optional pam_motd.so \\\n  motd=/run/motd\n',
  '/etc/pam.d/common-auth': 'auth required pam_deny.so\n',
  '/etc/ld.so.preload': '/usr/lib/libx.so # one\n/usr/lib/liby.so:/usr/lib/libz.so\n',
  '/etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n/opt/lib\n',
  '/etc/ld.so.conf.d/libc.conf': '# libc\n/usr/local/lib\n',
  '/etc/ca-certificates.conf': 'mozilla/A.crt\n!mozilla/B.crt\n',
  '/usr/local/share/ca-certificates/own.crt':
    '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabc=\n-----END CERTIFICATE-----\n',
  '/etc/ssl/certs/ca-certificates.crt':
    '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabd=\n-----END CERTIFICATE-----\n',
  '/etc/crontab':
    'SHELL=/bin/sh\nPATH=/usr/bin\n17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n@reboot root /usr/bin/x %done%\n',
  '/etc/cron.d/e2scrub_all': '30 3 * * 0 root test -e /run/systemd/system || /sbin/e2scrub_all\n',
  '/var/spool/cron/crontabs/ann': '*/5 1-7,9 * jan mon-fri /home/ann/job\n',
  '/etc/cron.daily/apt-compat': '#!/bin/sh\n',
  '/etc/anacrontab': '1 5 cron.daily run-parts /etc/cron.daily\n',
  '/etc/default/grub':
    'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nGRUB_CMDLINE_LINUX=\'console=ttyS0 x="y"\'\n',
  '/etc/kernel/cmdline': 'root=UUID=1 ro quiet\n',
  '/boot/loader/entries/a.conf': 'title A\nlinux /vmlinuz\noptions root=/dev/sda1 ro\n',
  '/boot/grub/grub.cfg': 'menuentry A {\n\tlinux /vmlinuz root=/dev/sda1 ro quiet\n}\n',
  '/etc/modules-load.d/br.conf': '# x\nbr_netfilter\n',
  '/etc/modprobe.d/blacklist.conf':
    'blacklist nouveau\noptions kvm nested=1 \\\n  x=2\ninstall usb-storage /bin/true\nsoftdep a pre: b post: c\n',
  '/etc/sysctl.conf': '# c\nnet.ipv4.ip_forward = 1\n-kernel/x.y=2\n',
  '/usr/lib/sysctl.d/50-default.conf': 'net.ipv4.conf.*.rp_filter = 2\n',
  '/etc/apt/sources.list':
    'deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://a.example/debian bookworm main contrib\n# deb-src x\n',
  '/etc/apt/sources.list.d/a.sources':
    'Types: deb deb-src\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\nEnabled: yes\nSigned-By:\n -----BEGIN\n .\n -----END\n',
  '/etc/yum.repos.d/a.repo':
    '[base]\nname=Base\nbaseurl=http://a.example/$releasever\n  http://b.example/\ngpgcheck=1\nenabled=0\n',
  '/etc/apk/repositories': 'http://a.example/v3.20/main\n@edge http://a.example/edge\n',
  '/usr/lib/systemd/system/ssh.service':
    '[Unit]\nDescription=ssh\n[Service]\nExecStart=/usr/sbin/sshd -D \\\n  $OPTS\nExecStartPre=-/bin/x\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n',
  '/etc/systemd/system/ssh.service.d/override.conf': '[Service]\nExecStart=\nExecStart=/usr/local/sbin/sshd\n',
  '/usr/lib/systemd/system/apt.timer':
    '[Timer]\nOnCalendar=*-*-* 6,18:00\nRandomizedDelaySec=12h\n[Install]\nWantedBy=timers.target\n',
  '/var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n',
  '/lib/apk/db/installed': 'P:musl\nV:1.2.4-r2\nA:x86_64\n\n',
  '/usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA':
    'Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\n',
  '/usr/lib/node_modules/left-pad/package.json': '{"name":"left-pad","version":"1.3.0"}',
};
