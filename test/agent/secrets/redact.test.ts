import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redacted, redactedValue, redactedWords, redactLines } from '../../../agent/secrets/redact.ts';
import { type Dialect, dialectOf } from '../../../agent/secrets/secrets.ts';
import { diffTexts } from '../../../agent/texts/text-diff.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

const redact = (text: string, path = '/etc/any.conf') =>
  redactLines(text, dialectOf(path))
    .map(({ pieces }) => pieces.join('•'))
    .join('\n');

describe('a redacted line', () => {
  it.each([
    ['password=hunter22', 'password=•'],
    ['db.password = hunter 22', 'db.password = •'],
    ['export DB_PASSWORD=hunter22', 'export DB_PASSWORD=•'],
    ["export DB_PASSWORD='hunter 22'", "export DB_PASSWORD='•'"],
    ['DB_PASSWORD_OLD="one"\'two\'three', 'DB_PASSWORD_OLD="•'],
    ['Environment="DB_PASSWORD=hunter 22" "X=y"', 'Environment="DB_PASSWORD=•" "X=y"'],
    ['Environment=DB_PASSWORD=hunter\\ 22 X=y', 'Environment=DB_PASSWORD=• X=y'],
    ['ExecStart=/bin/x --password hunter22 --token=abc -v', 'ExecStart=/bin/x --password • --token=• -v'],
    ['"password": "hunt\\"er22", "user": "x"', '"password": "•", "user": "x"'],
    ['{"name": "API_KEY", "value": "hunter22"}', '{"name": "API_KEY", "value": "•"}'],
    ['api-key: hunter22', 'api-key: •'],
    ['apiKey := hunter22', 'apiKey := •'],
    ['x: {password: hunter22}', 'x: {password: •'],
    ['<password>hunter22</password><user>x</user>', '<password>•</password><user>x</user>'],
    ['<ns:Password kind="a">hunter22</ns:Password>', '<ns:Password kind="a">•</ns:Password>'],
    ['<db password="hunter22" user="x"/>', '<db password="•" user="x"/>'],
    ['<add key="db.password" value="hunter22"/>', '<add key="db.password" value="•"/>'],
    ['requirepass hunter22', 'requirepass •'],
    ['#requirepass hunter22', '#requirepass •'],
    ['Acquire::http::Proxy::Password "hunter22";', 'Acquire::http::Proxy::Password "•";'],
    ['PresharedKey=hunter22', 'PresharedKey=•'],
    ['auth_token: hunter22', 'auth_token: •'],
    ['wpa-psk hunter22', 'wpa-psk •'],
    ['//a/b /mnt cifs username=x,password=hunter22 0 0', '//a/b /mnt cifs username=x,password=• 0 0'],
    ['machine host login me password hunter22', 'machine host login me password •'],
    ['curl -H "Authorization: Bearer abc" -u me:hunter22 x', 'curl -H "Authorization: •" -u • x'],
    ['deb https://me:hunt/er22@host/debian stable', 'deb https://•@host/debian stable'],
    ['proxy=http://hunter22@proxy:3128/', 'proxy=http://•@proxy:3128/'],
    ['key AKIAABCDEFGHIJKLMNOP', 'key •'],
    ['x ghp_abcdefghijklmnopqrst y', 'x • y'],
    ['x xoxb-1234-abcdefgh y', 'x • y'],
    ['x glpat-abcdefghijklmnop y', 'x • y'],
    ['x eyJhbGciOi.eyJzdWIi.c2ln y', 'x • y'],
    ['root:$6$salt$hash/./:19000:0', 'root:•:19000:0'],
    ['x {SSHA}abcdef= y', 'x • y'],
    ['sum 0123456789abcdef0123456789abcdef end', 'sum • end'],
    ['curl -uadmin:hunter22 x', 'curl -u• x'],
    ['smbclient //h/s -U me%hunter22', 'smbclient //h/s -U •'],
    ['mysqldump -u root -phunter22 db -p', 'mysqldump -u root -p• db -p'],
    ['-/usr/bin/sshpass -p hunter22 ssh -p 22 h', '-/usr/bin/sshpass -p • ssh -p 22 h'],
    ['docker run -p 80:80 x; docker login -u me -p hunter22 h', 'docker run -p 80:80 x; docker login -u me -p • h'],
    ['redis-cli -a hunter22 ping', 'redis-cli -a • ping'],
    ['ldapsearch -x -D cn=x -whunter22 -s sub', 'ldapsearch -x -D cn=x -w• -s sub'],
    ['openssl enc -aes-256-cbc -k hunter22 -in x', 'openssl enc -aes-256-cbc -k • -in x'],
    ['echo root:hunter22 | chpasswd', 'echo •| chpasswd'],
    ['curl "https://h/x?user=a&sig=hunter22&y=z"', 'curl "https://h/x?user=a&sig=•&y=z"'],
    [
      'curl https://hooks.slack.com/services/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',
      'curl https://hooks.slack.•',
    ],
    ['header "Bearer hunter-22" x', 'header "Bearer •" x'],
    ['netroot=iscsi:me:hunter22@10.0.0.1::::iqn', 'netroot=iscsi:•@10.0.0.1::::iqn'],
    ['net.ipv4.tcp_fastopen_key = 1-2-3-4', 'net.ipv4.tcp_fastopen_key = •'],
    ['password="a\\\rhunter22" x', 'password="•" x'],
    ['--password hunter\u00a022 x', '--password • x'],
  ])('hides the secret of %s', (line, shown) => {
    expect(redact(line)).toBe(shown);
  });

  it.each([
    'PasswordAuthentication yes',
    'PermitRootLogin prohibit-password',
    '#PermitEmptyPasswords no',
    '# To disable tunneled clear text passwords, change to "no" here!',
    'AuthorizedKeysFile .ssh/authorized_keys',
    'KexAlgorithms curve25519-sha256,diffie-hellman-group16-sha512',
    'PASS_MAX_DAYS\t99999',
    'PrivateTmp=true',
    'PassEnvironment=LANG LC_ALL',
    'ConditionPathIsReadWrite=/x/y',
    'UUID=8d3f2a1c-1234-4567-89ab-0123456789ab / ext4 defaults 0 1',
    'deb [signed-by=/usr/share/keyrings/docker-archive-keyring-2024.gpg] https://host:443/debian stable main',
    '# <file system> <mount point> <type> <options> <dump> <pass>',
    'linux-image-6.1.0-13-amd64 ecdsa-sha2-nistp256-cert-v01@openssh.com',
    'password_file = /etc/x/secret.txt',
    '# If you have the `glibc-doc-reference` and `info` packages installed, try:',
    '*/5 * * * * root /usr/lib/sysstat/debian-sa1 1 1',
    'ExecStart=/usr/bin/podman run --user 1000:1000 -p 80:80 img@sha256:0123456789abcdef0123456789abcdef',
    'LoadCredential=passwd.hashed-password.root',
    '/opt/0123456789abcdef0123456789abcdef/bin/run',
    'root=/dev/mapper/x roothash=0123456789abcdef0123456789abcdef resume=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4',
    'pg_dump --no-password -h db',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@host',
    'signed-by=-----BEGIN PGP PUBLIC KEY BLOCK----- . mQINBFit2ioBEADhWpZ8/wvZ6hUTiXOwQHXMAlaFHcPH9hAtr4F1y2 -----END PGP PUBLIC KEY BLOCK-----',
  ])('shows what is no secret: %s', (line) => {
    expect(redact(line)).toBe(line);
  });

  it('knows a stack of PAM, databases of nsswitch and accounts from passwords', () => {
    const pam = 'password requisite pam_pwquality.so retry=3\nauth sufficient pam_x.so passwd=hunter22';

    expect(redact(pam, '/etc/pam.d/common-password')).toBe(pam.replace('hunter22', '•'));
    expect(redact('passwd: files evil', '/etc/nsswitch.conf')).toBe('passwd: files evil');
    expect(redact('token:x:0:0:t:/root:/bin/sh', '/etc/passwd')).toBe('token:x:0:0:t:/root:/bin/sh');
    expect(redact('eve:ab01FAX.bQRSU:0:0::/:/bin/sh', '/etc/passwd')).toBe('eve:•:0:0::/:/bin/sh');
  });

  it('takes a private key as one line, with or without its end', () => {
    const key = (kind: string) => `-----BEGIN ${kind}-----\nAAAA\nBBBB\n-----END ${kind}-----`;

    expect(redact(`a\n${key('RSA PRIVATE KEY')}\nb`)).toBe('a\n-----BEGIN RSA PRIVATE KEY-----•\nb');
    expect(redact(key('PGP PRIVATE KEY BLOCK'))).toBe('-----BEGIN PGP PRIVATE KEY BLOCK-----•');
    expect(redact('k: "-----BEGIN PRIVATE KEY-----\\nAAAA\\nBBBB\\n-----END PRIVATE KEY-----"')).toBe(
      'k: "-----BEGIN PRIVATE KEY-----•-----END PRIVATE KEY-----"',
    );
    expect(redact('-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB')).toBe('-----BEGIN PRIVATE KEY-----•');
    expect(redact(key('CERTIFICATE'))).toContain('AAAA');
  });

  it.each([
    ['a block', 'password: |\n  one\n\n  two\nuser: x', 'password: •\nuser: x'],
    ['a value on the next line', 'token:\n  one\nuser: x', 'token:•\nuser: x'],
    ['a list item', '- password: one\n  user: x', '- password: •\n  user: x'],
    ['a continued line', 'SECRET=one\\\ntwo\nuser=x', 'SECRET=•\nuser=x'],
    ['a continued command', 'ExecStart=/x --token \\\n  one\nuser=x', 'ExecStart=/x --token •\nuser=x'],
    ['an open quote', 'API_KEY="one\ntwo"\nuser=x', 'API_KEY="•\nuser=x'],
    ['a tree', '{\n  "auths": {\n    "host": "one"\n  }\n}', '{\n  "auths": •\n  }\n}'],
  ])('hides a secret of several lines: %s', (_, text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  it('cannot be made to look redacted', () => {
    expect(redact('a «redacted 1» b')).toBe('a \\u{ab}redacted 1» b');
  });
});

describe('two commands that do different things', () => {
  it.each([
    ['podman run --user app:app x', 'podman run --user root:root x', 'command'],
    ['snmpd -c /etc/snmp/snmpd.conf', 'snmpd -c /tmp/evil.conf', 'command'],
    ['mongod --auth --noauth', 'mongod --auth --bind_ip_all', 'command'],
    ['-auth optional pam_x.so', '-auth sufficient pam_x.so', 'words'],
    ['mysql -pfoo', 'mysql -p*', 'sudoers'],
  ] as const)('are told apart: %s', (one, other, dialect) => {
    expect(redacted(one, dialect)).not.toBe(redacted(other, dialect));
  });
});

describe('redacted text of a fact', () => {
  const mark = Buffer.from('«redacted»').toString('latin1');
  const shown = (text: string, dialect: Dialect) => redacted(text, dialect).replaceAll(mark, '•');

  it.each([
    ['PGPASSWORD=hunter22 pg_dump db | gzip', 'PGPASSWORD=• pg_dump db | gzip'],
    ['/x --password=hunter22 --verbose', '/x --password=• --verbose'],
    ['/x --password "hunter 22" --verbose', '/x --password "•" --verbose'],
    [`sh -c 'curl -H "Authorization: Bearer hunter22" h | sh'`, `sh -c 'curl -H "Authorization: •" h | sh'`],
    ['sh -c "curl -H \\"X-Token: hunter22\\" h"', 'sh -c "curl -H \\"X-Token: •" h"'],
    ['passwd -l root', 'passwd -l root'],
    ['x --token-auth=true --auth-user-pass /etc/x/pw -v', 'x --token-auth=true --auth-user-pass /etc/x/pw -v'],
    ['rsync rsync://me@h/m ssh://me:hunter22@h', 'rsync rsync://me@h/m ssh://•@h'],
    [`/bin/x --password=\${DB_PASSWORD} --token "$TOKEN" -v`, `/bin/x --password=\${DB_PASSWORD} --token "$TOKEN" -v`],
    ['x --token=$(cat /run/token) --secret hunter22', 'x --token=$(cat /run/token) --secret •'],
    ["x --token='$ECRET'", "x --token='•'"],
    ['systemd-tty-ask-password-agent --watch', 'systemd-tty-ask-password-agent --watch'],
    ['systemd-ask-password --plymouth', 'systemd-ask-password --plymouth'],
    ['--ask-password --host h', '--ask-password --host h'],
    ['agetty -o "-p -- \\u" --noclear %I', 'agetty -o "-p -- \\u" --noclear %I'],
    [
      `environment="API_TOKEN=hunter22",command="x --password='a b'",cert-authority`,
      `environment="API_TOKEN=•",command="x --password='•'",cert-authority`,
    ],
    ['x --password hunter\xc3\xa022\xa0\xff y', 'x --password • y'],
    ['export KEY\nSECRET="one\ntwo"\nrun it', 'export KEY\nSECRET="•\n•\nrun it'],
    [`x --password=one;curl\${IFS}h|sh`, 'x --password=•;•|•'],
    ['x --password "one$(evil)"', 'x --password "•$(•"'],
    ["curl -d 'token=one&user=x'", "curl -d 'token=•&•'"],
  ])('of a command: %j', (text, expected) => {
    expect(shown(text, 'command')).toBe(expected);
  });

  it.each([
    ['%admin ALL = (ALL) NOPASSWD: ALL', '%admin ALL = (ALL) NOPASSWD: ALL'],
    ['eve ALL=(root) NOPASSWD:SETENV: /bin/x', 'eve ALL=(root) NOPASSWD:SETENV: /bin/x'],
    ['Cmnd_Alias PASSWD = /usr/bin/passwd [A-Za-z]*', 'Cmnd_Alias PASSWD = /usr/bin/passwd [A-Za-z]*'],
    ['Defaults passwd_timeout=5, badpass_message="No luck"', 'Defaults passwd_timeout=5, badpass_message="No luck"'],
    ['Defaults env_keep += "AWS_SECRET_ACCESS_KEY"', 'Defaults env_keep += "AWS_SECRET_ACCESS_KEY"'],
    [
      'eve ALL = sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1NsQ== /bin/ls',
      'eve ALL = sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1NsQ== /bin/ls',
    ],
    ['eve ALL = NOPASSWD: /bin/x --password\\=hunter22 -v', 'eve ALL = NOPASSWD: /bin/x --password\\=• -v'],
    ['eve ALL = /bin/x --token hunter22', 'eve ALL = /bin/x --token •'],
    ['eve ALL = /bin/x --token hunter22,ALL', 'eve ALL = /bin/x --token •,•'],
    ['eve ALL = /bin/x token : bob ALL = ALL', 'eve ALL = /bin/x token : bob ALL = ALL'],
  ])('of sudoers: %j', (text, expected) => {
    expect(shown(text, 'sudoers')).toBe(expected);
  });

  it('is one word of several, and a value by its key', () => {
    expect(redactedWords(['a', '--password', '"x', 'y"', 'b'], 'command')).toEqual([
      'a',
      '--password',
      `"${mark}"`,
      'b',
    ]);
    expect(redactedWords([], 'command')).toEqual([]);
    expect(redactedValue('stable_secret', '::1', 'plain')).toBe(mark);
    expect(redactedValue('net.ipv4.ip_forward', '1', 'plain')).toBe('1');
    expect(redactedValue('x --password y', 'z', 'plain')).toBe(mark);
  });

  it('cannot be made to look redacted', () => {
    expect(redacted(`a ${mark} b`, 'command')).toBe('a \\u{ab}redacted\xc2\xbb b');
  });

  it.each([
    ...['a ', 'pass=0 #', 'pass ', '\\', '"', '://', '://u:p@ ', ':pass', '<pass ', 'pass="0 # ', '-u a:b ', 'mysql '],
    ...[
      'sshpass -p ',
      'echo ',
      '-----BEGIN PUBLIC KEY-----',
      'Bearer a ',
      '&sig=',
      'token-',
      'pass=`$( ',
      '\\x0a',
      'pass="\n',
    ],
  ])('takes time in proportion, whatever repeats: %j', (piece) => {
    const cpuMs = cpuTimer();

    for (const dialect of ['plain', 'command', 'sudoers'] as const) {
      redacted(`'${piece.repeat(500_000 / piece.length)}`, dialect);
    }

    expect(cpuMs()).toBeLessThan(6_000);
  });
});

describe('a diff', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!#$%&*+./:?@^_~-]{12,40}$/).filter((text) => new Set(text).size > 6);
  const syntaxes: readonly ((secret: string) => string)[] = [
    (it) => `password=${it}`,
    (it) => `db_password = ${it} ${it}`,
    (it) => `export API_KEY=${it}`,
    (it) => `secret: ${it}`,
    (it) => `  "accessToken": ${JSON.stringify(it)},`,
    (it) => `Environment="X=1" "DB_PASSWORD=${it}"`,
    (it) => `ExecStart=/bin/x --auth-token ${it} -v`,
    (it) => `<Password>${it}</Password>`,
    (it) => `<x secret='${it}'/>`,
    (it) => `requirepass ${it}`,
    (it) => `x-credentials: |\n  ${it}\n  ${it}`,
    (it) => `-----BEGIN EC PRIVATE KEY-----\n${it}\n-----END EC PRIVATE KEY-----`,
    (it) => `url=https://user:${it}@host/path`,
    (it) => `set token "${it}"`,
  ];
  const before = fc.array(fc.tuple(fc.nat(syntaxes.length - 1), fc.lorem({ maxCount: 4 })), {
    minLength: 1,
    maxLength: 6,
  });

  it('never shows a piece of a secret that has a key', () => {
    fc.assert(
      fc.property(before, secret, secret, (lines, old, now) => {
        const text = (value: string) => lines.map(([at, words]) => `${syntaxes[at]!(value)}\n# ${words}\n`).join('');

        const { text: shown } = diffTexts(text(old), `${text(now)}end\n`, '/etc/any.conf');

        const found = [old, now].flatMap(piecesOf).filter((piece) => shown.includes(piece));
        expect(found).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('ends a hash of a password where it ends, and not with the word that it is in', () => {
    const diffOf = (old: string, now: string) => diffTexts(`${old}\n`, `${now}\n`, '/x').text;

    expect(diffOf('https://u:$1$ab@host/path', 'https://u:$1$cd@host/path')).toContain('«redacted 1»@host/path');
    expect(diffOf('<pw>{SSHA}ab=</pw>', '<pw>{SSHA}cd=</pw>')).toContain('<pw>«redacted 1»</pw>');
  });

  it('depends on nothing of a secret', () => {
    fc.assert(
      fc.property(fc.nat(syntaxes.length - 1), secret, secret, secret, (at, one, other, third) => {
        fc.pre(new Set([one, other, third]).size === 3);
        const diffOf = (old: string, now: string) =>
          diffTexts(`${syntaxes[at]!(old)}\n`, `${syntaxes[at]!(now)}\n`, '/x');

        expect(diffOf(one, other)).toEqual(diffOf(other, third));
        expect(diffOf(one, other).text).toContain('«redacted 1»');
      }),
    );
  });
});

/** What a reader could use: six characters in a row. */
function piecesOf(secret: string): readonly string[] {
  return Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6));
}
