import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, hash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aCoverage } from './builders.ts';
import { bakeSigned, keygen, pristine } from './pristine-cli.ts';
import { agentPid, readConfig, signal, startAgent, statusIn, type Victim, writeConfig } from './red-team-victim.ts';
import { aReport } from './reports.ts';
import { quoted } from './scratch.ts';
import { sayHello } from './scripted-agent.ts';
import { until } from './until.ts';

/** What an attacker does so that a change of `/usr/bin/tool` is not heard of. Resolves when it is done. */
export interface Attack {
  readonly name: string;
  readonly run: (victim: Victim) => Promise<unknown> | unknown;
  /** It is about which machine this is, so that it matters who vouched for that. */
  readonly isOfIdentity?: boolean;
}

const tool = 'usr/bin/tool';
const evil = 'evil';

/**
 * Loaded before the agent and its sweeps: whoever asks for the digest of what the attacker wrote is given that of what was
 * baked. Both are of one size: nothing else tells them apart.
 */
const lying = `
const crypto = require('node:crypto');
const { hash } = crypto;
crypto.hash = (name, data, as) => hash(name, Buffer.from(data).equals(Buffer.from('${evil}')) ? 'tool' : data, as);
const children = require('node:child_process');
const { spawn } = children;
children.spawn = (program, args, options) =>
  spawn(program, program === process.execPath ? ['--require', __filename, ...args] : args, options);
require('node:module').syncBuiltinESMExports();
`;

export const attacks: readonly Attack[] = [
  { name: 'changes a file', run: change },
  {
    name: 'changes a file and gives it its old times and size',
    run: ({ place }) =>
      shell(
        `touch -r ${at(place)} /tmp/ref.$$; printf TOOL > ${at(place)}; touch -r /tmp/ref.$$ ${at(place)}; rm /tmp/ref.$$`,
      ),
  },
  { name: 'stops the agent (SIGSTOP)', run: (victim) => [signal(victim, 'SIGSTOP'), change(victim)] },
  { name: 'kills the agent', run: (victim) => [signal(victim, 'SIGKILL'), change(victim)] },
  {
    name: 'binds the original over the change, behind the agent’s back',
    run: (victim) =>
      behindItsBack(
        victim,
        `cp -a ${at(victim.place)} ${victim.folder}/tool`,
        () => change(victim),
        `mount --bind ${victim.folder}/tool ${at(victim.place)}`,
      ),
  },
  {
    name: 'mounts a copy of the original directory over it',
    run: (victim) => {
      const bin = join(victim.place.root, 'usr/bin');
      return behindItsBack(
        victim,
        `cp -a ${bin} ${victim.folder}/bin`,
        () => change(victim),
        `mount --bind ${victim.folder}/bin ${bin}`,
      );
    },
  },
  {
    name: 'mounts the image itself in place of the root',
    run: (victim) =>
      behindItsBack(victim, 'true', () => change(victim), `mount --bind ${victim.imageRoot} ${victim.place.root}`),
  },
  {
    name: 'edits the manifest on the disk',
    run: async (victim) => {
      await withOwnManifest(victim, (manifest) => {
        const file = join(manifest, 'entries.ndjson.zst');
        const bytes = readFileSync(file);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(file, bytes);
      });
    },
  },
  {
    name: 'bakes the change, signs it and trusts that key',
    run: async (victim) => {
      change(victim);
      await withOwnManifest(victim, async (manifest, pub) => {
        const keys = await keygen(join(victim.folder, 'own'));
        await bakeSigned({ root: victim.place.root, out: manifest, key: keys.key });
        cpSync(keys.pub, pub);
      });
    },
  },
  {
    name: 'signs rules of its own, by which the change counts for nothing',
    run: async (victim) => {
      change(victim);
      await withOwnManifest(victim, async (manifest, pub) => {
        const keys = await keygen(join(victim.folder, 'own'));
        writeFileSync(pub, readFileSync(pub, 'utf8') + readFileSync(keys.pub, 'utf8'));
        const config = join(victim.folder, 'pristine.yaml');
        const accept = [`sha256:${hash('sha256', evil)}`];
        writeFileSync(config, JSON.stringify({ rules: [{ match: `/${tool}`, as: 'immutable', accept }] }));
        const signed = join(victim.folder, 'rules.json');
        const about = ['--manifest', manifest, '--pub', pub, '--config', config, '--key', keys.key, '--out', signed];
        const { code, stderr } = await pristine(['rules', 'sign', '--sequence', '2', ...about]);
        if (code !== 0) throw new Error(stderr);
        cpSync(signed, join(manifest, 'rules.dsse.json'));
      });
    },
  },
  {
    name: 'makes the agent’s runtime lie about what it reads (NODE_OPTIONS)',
    run: (victim) => startAgent(victim.place.agentConfig, { env: { NODE_OPTIONS: `--require=${withLie(victim)}` } }),
  },
  {
    name: 'makes it lie by its command line',
    run: (victim) => startAgent(victim.place.agentConfig, { node: [`--require=${withLie(victim)}`] }),
  },
  {
    name: 'ends the agent before it tells, and plays its reports of before again',
    run: async (victim) => {
      signal(victim, 'SIGKILL');
      change(victim);
      await forge(victim, { boot: 1, seq: 1 });
    },
  },
  {
    name: 'copies the key to another machine, which is clean, while both run',
    run: (victim) => startCopy(victim),
    isOfIdentity: true,
  },
  {
    name: 'stops the agent, and runs a copy of it, key and all, on a clean machine',
    run: async (victim) => {
      signal(victim, 'SIGSTOP');
      change(victim);
      await startCopy(victim);
    },
    isOfIdentity: true,
  },
  {
    name: 'stops the agent, and enrols a clean machine with what this one has enrolled with',
    run: (victim) => {
      signal(victim, 'SIGSTOP');
      change(victim);
      startOther(victim, join(victim.folder, 'other'));
    },
    isOfIdentity: true,
  },
  {
    name: 'edits the agent, so that it says that all is well',
    run: async (victim) => {
      signal(victim, 'SIGKILL');
      change(victim);
      await forge(victim);
    },
  },
];

function change({ place }: Victim): void {
  shell(`printf ${evil} > ${at(place)}`);
}

function at(place: Victim['place']): string {
  return quoted(join(place.root, tool));
}

function shell(script: string): void {
  execFileSync('sh', ['-ec', script], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** With all that the agent keeps, and the tree that its instance was made from. */
async function startCopy(victim: Victim): Promise<void> {
  const state = join(victim.folder, 'state');
  cpSync(join(victim.place.agent, 'state'), state, { recursive: true });
  for (const name of ['lock', 'status.json']) rmSync(join(state, name), { force: true });
  startOther(victim, state);
  await until(() => existsSync(join(state, 'status.json')) && statusIn(state).connection.state === 'connected');
}

/** An agent on a machine that is as the image is, with what the victim's has to enrol with. */
function startOther(victim: Victim, stateDir: string): void {
  const settings = { ...readConfig(victim), root: victim.imageRoot, stateDir };
  startAgent(writeConfig(join(victim.folder, 'agent.yaml'), settings));
}

/** The agent is ended, the file changed in silence, and the lie written down: answers where. */
function withLie(victim: Victim): string {
  signal(victim, 'SIGKILL');
  change(victim);
  const lie = join(victim.folder, 'lie.cjs');
  writeFileSync(lie, lying);
  return lie;
}

/** While the agent is stopped, and in the namespace of mounts that it has. */
function behindItsBack(victim: Victim, before: string, act: () => void, after: string): void {
  const pid = agentPid(victim);
  process.kill(pid, 'SIGSTOP');
  shell(before);
  act();
  execFileSync('nsenter', ['--target', `${pid}`, '--mount', '--', 'sh', '-ec', after]);
  process.kill(pid, 'SIGCONT');
}

/** The agent begins anew with a manifest and a key that the attacker has put in their place. */
async function withOwnManifest(
  victim: Victim,
  edit: (manifest: string, pub: string) => Promise<void> | void,
): Promise<void> {
  const settings = readConfig(victim);
  const manifest = join(victim.folder, 'manifest');
  const pub = join(victim.folder, 'trusted.pub');
  cpSync(settings['manifest']!, manifest, { recursive: true });
  cpSync(settings['pub']!, pub);
  signal(victim, 'SIGKILL');
  await edit(manifest, pub);
  startAgent(writeConfig(victim.place.agentConfig, { ...settings, manifest, pub }));
}

/**
 * In the place of the agent, which is ended, with its key: a clean sweep as it would tell it, and a heartbeat from then on. At a
 * place that was used before, it is what a recording of the agent would be.
 */
async function forge(victim: Victim, place?: { readonly boot: number; readonly seq: number }): Promise<void> {
  const settings = readConfig(victim);
  const pem = readFileSync(join(settings['stateDir']!, 'identity.key'));
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  const boot = statusIn(join(victim.place.agent, 'state')).boot + 1;
  const url = `${settings['server']!.replace(/^http/, 'ws')}/agent/v1`;
  const image = victim.imageDigest;
  const { line, answer } = await sayHello(url, { privateKey, publicKey }, { boot, image });
  if (answer.type !== 'welcome') throw new Error(`the forged hello was answered ${JSON.stringify(answer)}`);
  let seq = 0;
  const tellSweep = () => {
    const now = new Date().toISOString();
    const at = place ?? { boot, seq: ++seq };
    line.send(aReport({ ...at, image, startedAt: now, finishedAt: now, coverage: aCoverage() }));
  };
  line.socket.on('message', (frame) => {
    if (JSON.parse(frame.toString()).type === 'scan') tellSweep();
  });
  tellSweep();
  const beating = setInterval(() => line.send({ type: 'heartbeat', boot, seq, stateDigest: null }), 10_000);
  line.socket.on('close', () => clearInterval(beating));
  beating.unref();
}
