import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../shared/errors.ts';
import { run, type ServerProcess } from './processes.ts';

export const group = 'demo';
const name = 'demo';

/** Keys, a signed manifest, and what the server is told: by the commands a person would type. */
export interface Baked {
  readonly manifest: string;
  readonly pub: string;
  readonly entries: number;
  readonly digest: string;
}

export async function bake(directory: string, root: string, version: string): Promise<Baked> {
  const key = join(directory, `image-${version}`);
  const manifest = join(directory, `manifest-${version}`);
  await run('pristine', ['keygen', '--out', key]);
  const args = ['bake', '--root', root, '--image', name, '--image-version', version];
  const out = await run('pristine', [...args, '--out', manifest, '--key', `${key}.key`, '--json']);
  const baked = JSON.parse(out) as { entries: number; image: { digest: string } };
  return { manifest, pub: `${key}.pub`, entries: baked.entries, digest: baked.image.digest };
}

/** A person with pristinectl in front of this server. */
export function connectCtl(server: ServerProcess, tokenFile = server.tokenFile) {
  const env = { PRISTINE_SERVER: server.url, PRISTINE_TOKEN_FILE: tokenFile };
  return (...args: readonly string[]) => run('pristinectl', args, env);
}
export type Ctl = ReturnType<typeof connectCtl>;

export interface DemoImage {
  readonly version: string;
  readonly root: string;
  readonly baked: Baked;
}

/** What acts want otherwise. */
export interface PolicyChoice {
  readonly settle?: string;
  readonly approval?: boolean;
  readonly quarantine?: boolean;
}

/** The group, the first of its images stable, and an enforcing policy with a budget of one. Settle and soak are short because somebody is watching. */
export function fleetDocuments(
  directory: string,
  images: readonly [DemoImage, ...DemoImage[]],
  { settle = '1s', approval = false, quarantine = false }: PolicyChoice = {},
): string {
  const ref = ({ version }: DemoImage) => `${name}@${version}`;
  const lines = images.map((image) => {
    const { manifest, pub } = image.baked;
    return `    ${ref(image)}: {root: ${JSON.stringify(image.root)}, manifest: ${manifest}, pub: ${pub}}`;
  });
  return `kind: Group
name: ${group}
provider:
  type: local
  directory: ${directory}/instances
  ownerPid: ${process.pid}
  images:
${lines.join('\n')}
images: {stable: ${ref(images[0])}}
labels: {env: demo}
stateless: true
---
kind: Policy
name: ${group}
select: {group: ${group}}
mode: enforce
triggers:
  - {drift: {severity: low, settle: ${settle}}}
  - {outdated: true}
strategy: {order: launch-first, verifyWithin: 2m, drainTimeout: 30s, soak: 1s}
budgets: [{max: 1}]
${approval ? 'approval: {required: true}\n' : ''}${quarantine ? 'quarantine: {severity: critical, keepFor: 1h}\n' : ''}`;
}

export async function raiseFleet(directory: string, image: DemoImage, ctl: Ctl, count: number): Promise<void> {
  await ctl('keys', 'trust', image.baked.pub);
  await ctl('images', 'push', image.baked.manifest);
  await declare(directory, [image], ctl);
  await ctl('groups', 'launch', group, '--count', String(count));
}

/** Applies what the fleet is to be. */
export async function declare(
  directory: string,
  images: readonly [DemoImage, ...DemoImage[]],
  ctl: Ctl,
  choice?: PolicyChoice,
): Promise<void> {
  const file = join(directory, 'fleet.yaml');
  writeFileSync(file, fleetDocuments(directory, images, choice));
  await ctl('apply', '-f', file);
}

/** A change that somebody makes on an instance and tells nobody: what the shell runs, and how a person would say it. */
export interface Mutation {
  readonly path: string;
  readonly script: string;
  readonly sentence: string;
}

/** Two changes that the image can carry. Errors: USAGE, for an image with nothing to edit. */
export function mutationsFor(root: string): readonly [Mutation, Mutation] {
  const config = ['/etc/ssh/sshd_config', '/etc/passwd', '/etc/hosts.allow', '/etc/profile'].find((path) =>
    existsSync(join(root, path)),
  );
  const bin = ['/usr/local/bin', '/usr/bin', '/bin', '/etc'].find((path) => existsSync(join(root, path)));
  if (config === undefined || bin === undefined) {
    throw new CodedError(
      'USAGE',
      `${root} has none of the files that the demo changes; expected /etc/ssh/sshd_config or /etc/passwd`,
    );
  }
  const planted = `${bin}/.sysupdate`;
  return [
    {
      path: config,
      script: 'echo "PermitRootLogin yes" >>"$1"',
      sentence: `a shell appends "PermitRootLogin yes" to ${config}`,
    },
    {
      path: planted,
      script: 'cp /bin/sh "$1" && chmod 4755 "$1"',
      sentence: `a shell plants a setuid copy of sh at ${planted}`,
    },
  ];
}
