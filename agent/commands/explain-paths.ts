import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ExitCode } from '../../shared/errors.ts';
import { installed } from '../../shared/manifest.ts';
import { terminalSafe } from '../../shared/name.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { type AgentConfig, loadConfig } from '../config.ts';
import { parsePlatform } from '../image/platform-choice.ts';
import { askedNames } from '../rules/asked-names.ts';
import { explain } from '../rules/explain.ts';
import type { ExplainedPath } from '../rules/explanation.ts';
import { loadKnownState } from '../state/known-state.ts';
import { explanationText } from './explain-text.ts';

export interface ExplainCommandOptions {
  readonly root?: string;
  readonly platform?: string;
  readonly manifest?: string;
  readonly pub?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export async function explainPaths(
  pool: ObserverPool,
  paths: readonly string[],
  options: ExplainCommandOptions,
): Promise<ExitCode> {
  const names = askedNames(paths);
  const config = await configOf(options);
  const root = options.root ?? config.root;
  // What an agent knows, it knows of its own root.
  const stateDir = resolve(root) === resolve(config.root) ? config.stateDir : undefined;
  const pins = stateDir === undefined ? undefined : join(stateDir, 'pins.json');
  const rules = stateDir === undefined ? undefined : join(stateDir, 'rules.dsse.json');
  const explanation = await explain({
    root,
    platform: options.platform === undefined ? undefined : parsePlatform(options.platform),
    manifest: options.manifest ?? config.manifest,
    keys: readPublicKeys(options.pub ?? config.pub),
    names,
    pool,
    components: { directory: config.components },
    onRefused: (sentence) => void process.stderr.write(`${terminalSafe(sentence)}\n`),
    rulesFile: rules !== undefined && existsSync(rules) ? rules : undefined,
    pins: pins !== undefined && existsSync(pins) ? { file: pins, makes: false } : undefined,
    seen: async (image) => (stateDir === undefined ? undefined : await loadKnownState(stateDir, image)),
  });
  process.stdout.write(options.json ? `${JSON.stringify(explanation)}\n` : explanationText(explanation));
  return exitCodeOf(explanation.paths);
}

type Places = Pick<AgentConfig, 'root' | 'manifest' | 'pub' | 'stateDir' | 'components'>;

/** Those of the agent on this machine, unless everything is named and nothing need be known of it. */
async function configOf({ config, root, manifest, pub }: ExplainCommandOptions): Promise<Places> {
  const isAllNamed = root !== undefined && manifest !== undefined && pub !== undefined;
  if (config !== undefined || (!isAllNamed && existsSync(installed.config))) {
    return await loadConfig(config ?? installed.config);
  }
  return { root: '/', ...installed };
}

function exitCodeOf(paths: readonly ExplainedPath[]): ExitCode {
  const judged = paths.flatMap((path) => [path, ...path.facts]);
  if (judged.some(({ finding }) => finding !== null && severityAtLeast(finding.severity, 'low')))
    return ExitCode.finding;
  const isUnmeasured = paths.some(({ holes }) => holes.length > 0) || judged.some(({ outcome }) => outcome === 'hole');
  return isUnmeasured ? ExitCode.unmeasured : ExitCode.ok;
}
