import { factGuards } from '../../shared/guard.ts';
import type { GuardName } from '../../shared/rules.ts';
import { collectors } from '../collect/facts/collectors.ts';

/** Where programs usually lie. */
export const programPlaces = [
  ...[
    '/bin',
    '/sbin',
    '/lib',
    '/lib64',
    '/usr/bin',
    '/usr/sbin',
    '/usr/lib',
    '/usr/lib64',
    '/usr/libexec',
    '/usr/local',
  ],
  '/opt',
].map((directory) => `${directory}/**`);

/** What every system says in these files, beside what our collectors read. */
const wellKnown: Readonly<Partial<Record<GuardName, readonly string[]>>> = {
  users: ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow'],
  'authorized-keys': ['/root/.ssh/authorized_keys', '/home/*/.ssh/authorized_keys'],
  sudoers: ['/etc/sudoers', '/etc/sudoers.d/*'],
  preload: ['/etc/ld.so.preload', '/etc/ld.so.conf'],
  pam: ['/etc/pam.d/*'],
};

/** The files that a guard over meaning watches; none for the guards over files, which are everywhere. */
export const guardedPlaces: ReadonlyMap<GuardName, readonly string[]> = new Map(
  factGuards.map(({ name, subjects }) => [
    name,
    [
      ...(wellKnown[name] ?? []),
      ...collectors.filter(({ subject }) => subjects.includes(subject)).flatMap(({ reads }) => reads),
    ],
  ]),
);
