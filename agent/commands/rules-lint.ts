import { parseEntryLine } from '../../shared/entry-line.ts';
import { ExitCode } from '../../shared/errors.ts';
import { terminalSafe } from '../../shared/name.ts';
import { profileNamed } from '../../shared/profile.ts';
import { readBakeConfig } from '../bake/config-file.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { readEntryLines } from '../check/entry-lines.ts';
import { openManifest } from '../check/open-manifest.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import { type Lint, openLint } from '../rules/lint.ts';
import type { Remark } from '../rules/remark.ts';
import { counted } from './report-text.ts';

export interface RulesLintOptions {
  readonly config: string;
  readonly manifest?: string;
  readonly pub: string;
  readonly json?: boolean;
}

/** `pristine rules lint`: exit 1 when there is a warning or worse. */
export async function rulesLintCommand(options: RulesLintOptions): Promise<ExitCode> {
  const config = await readBakeConfig(options.config);
  const remarks = await (options.manifest === undefined
    ? openLint(config.rules, profileNamed(config.profile)).remarks()
    : lintWith(options.manifest, options.pub, (baked) =>
        openLint(config.rules, profileNamed(config.profile ?? baked)),
      ));
  const isClean = remarks.every(({ level }) => level === 'info');
  process.stdout.write(options.json ? `${JSON.stringify(jsonOf(remarks))}\n` : textOf(config.rules.length, remarks));
  return isClean ? ExitCode.ok : ExitCode.finding;
}

async function lintWith(dir: string, pub: string, open: (profile: string) => Lint): Promise<readonly Remark[]> {
  const manifest = openManifest(dir, readPublicKeys(pub));
  try {
    await checkStoredDigest(manifest);
    const lint = open(manifest.rules.profile);
    for await (const lines of readEntryLines(manifest)) for (const line of lines) lint.see(parseEntryLine(line));
    return lint.remarks();
  } finally {
    manifest.close();
  }
}

function jsonOf(remarks: readonly Remark[]) {
  return { schema: 'pristine.lint/1', remarks };
}

function textOf(rules: number, remarks: readonly Remark[]): string {
  const lines = remarks.map(
    ({ level, code, rule, pattern, message }) =>
      `${level.padEnd(7)}  ${code}  rule ${rule}, ${terminalSafe(pattern)}: ${terminalSafe(message)}`,
  );
  const toMend = remarks.filter(({ level }) => level !== 'info').length;
  return `${[...lines, `${counted(rules, 'rule')}: ${toMend === 0 ? 'nothing to mend' : `${toMend} to mend`}`].join('\n')}\n`;
}
