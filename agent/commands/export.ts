import { ExitCode } from '../../shared/errors.ts';
import { type Manifest, openManifest } from '../check/open-manifest.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import { cyclonedxOf } from '../export/cyclonedx.ts';
import { junitOf } from '../export/junit.ts';
import { mtreeOf } from '../export/mtree.ts';
import { readReport } from '../export/read-report.ts';
import { sarifOf } from '../export/sarif.ts';
import { version } from '../version.ts';

export interface ExportOptions {
  readonly manifest: string;
  readonly pub: string;
}

/** `pristine export mtree`. */
export function exportMtreeCommand(options: ExportOptions): Promise<ExitCode> {
  return exported(options, async (manifest) => {
    for await (const piece of mtreeOf(manifest)) {
      if (!(await isWritten(piece))) return;
    }
  });
}

/** `pristine export cyclonedx`. */
export function exportCyclonedxCommand(options: ExportOptions): Promise<ExitCode> {
  return exported(options, async (manifest) => {
    await isWritten(`${JSON.stringify(await cyclonedxOf(manifest))}\n`);
  });
}

/** `pristine export sarif`. */
export async function exportSarifCommand({ report }: { readonly report: string }): Promise<ExitCode> {
  await isWritten(`${JSON.stringify(sarifOf(await readReport(report), version))}\n`);
  return ExitCode.ok;
}

/** `pristine export junit`. */
export async function exportJunitCommand({ report }: { readonly report: string }): Promise<ExitCode> {
  await isWritten(junitOf(await readReport(report)));
  return ExitCode.ok;
}

async function exported(options: ExportOptions, write: (manifest: Manifest) => Promise<void>): Promise<ExitCode> {
  const manifest = openManifest(options.manifest, readPublicKeys(options.pub));
  try {
    await write(manifest);
    return ExitCode.ok;
  } finally {
    manifest.close();
  }
}

/** Waits for the reader; false when it has seen enough. */
function isWritten(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(text, (error) => resolve(error == null)));
}
