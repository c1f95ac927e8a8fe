import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bake } from '../../agent/bake/bake.ts';
import type { ComponentSource } from '../../agent/check/composition.ts';
import type { PinningOptions } from '../../agent/check/pinning.ts';
import { verify } from '../../agent/check/verify.ts';
import { type ObserverPool, openObserverPool } from '../../agent/collect/observer-pool.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Report } from '../../shared/report.ts';
import { BakeConfig, type Component, type ProfileName } from '../../shared/rules.ts';

/** What a test has just written is too new to be trusted unread. */
const anHourLater: Clock = { ...systemClock, now: () => systemClock.now() + 3_600_000 };

/** A root, a signed manifest of it, and the scanner, all in this process. */
export interface Bakery {
  readonly dir: string;
  readonly root: string;
  readonly manifest: string;
  readonly key: KeyObject;
  readonly pub: KeyObject;
  readonly pool: ObserverPool;
  readonly bake: (options?: {
    readonly rules?: readonly unknown[];
    readonly profile?: ProfileName;
    readonly texts?: readonly string[];
    readonly noTexts?: readonly string[];
    readonly out?: string;
    readonly key?: KeyObject;
    readonly components?: readonly Component[];
    /** Another tree, under another name: a component of the image. */
    readonly from?: { readonly root: string; readonly name: string; readonly version?: string };
  }) => ReturnType<typeof bake>;
  readonly verify: (
    manifest?: string,
    stampsFile?: string,
    pins?: PinningOptions,
    components?: ComponentSource,
    root?: string,
  ) => Promise<Report>;
  readonly close: () => Promise<void>;
}

export function aBakery(build: (root: string) => void): Bakery {
  const dir = mkdtempSync(join(tmpdir(), 'pristine-bakery-'));
  const root = mkdtempSync(join(dir, 'root-'));
  build(root);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pool = openObserverPool(1);
  const manifest = join(dir, 'manifest');
  return {
    dir,
    root,
    manifest,
    key: privateKey,
    pub: publicKey,
    pool,
    bake: ({ rules = [], out = manifest, key = privateKey, from, ...config } = {}) =>
      bake({
        root: from?.root ?? root,
        image: { name: from?.name ?? 'web', version: from?.version ?? '7' },
        out,
        config: BakeConfig.parse({ rules, ...config }),
        key,
        pool,
        toolVersion: '0',
        onProgress: () => undefined,
      }),
    verify: (from = manifest, stampsFile, pins, components, of = root) =>
      verify({
        root: of,
        manifest: from,
        keys: [publicKey],
        pool,
        clock: anHourLater,
        stampsFile,
        pins,
        components,
        onProgress: () => undefined,
      }),
    close: async () => {
      await pool.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** One line a finding. */
export function told(report: { readonly findings: readonly Finding[] }): string[] {
  return report.findings.map(({ change, name, attributes }) => `${change} ${name} ${attributes.join()}`);
}
