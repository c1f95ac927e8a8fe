import type { Command } from 'commander';
import { type End, manifestDir, pubFile } from './program.ts';

/** What is asked of manifests themselves, without a root. */
export function addManifestCommands(program: Command, end: End): void {
  const manifest = program.command('manifest').description('what manifests say: differences and privileged programs');

  manifest
    .command('diff')
    .description(
      'what changed from one image to another: packages, configuration, files, rules; exits 1 when they differ',
    )
    .argument('<a>', 'directory of a manifest')
    .argument('<b>', 'directory of a later one')
    .option('--pub <file>', 'trusted public key or keys of both', pubFile)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Manifests do not say which package owns a file: packages stand by themselves, and files by directory.
Name, version and tool of an image may differ; entries, rules and platform decide.

Example:
  pristine manifest diff web-7 web-8 --pub image.pub`,
    )
    .action(async (a, b, options) => end((await import('./manifest-diff.ts')).manifestDiffCommand(a, b, options)));

  manifest
    .command('inventory')
    .description('programs of an image with setuid, setgid or file capabilities')
    .argument('<dir>', 'directory of the manifest')
    .option('--pub <file>', 'trusted public key or keys', pubFile)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  pristine manifest inventory web-7 --pub image.pub')
    .action(async (dir, options) =>
      end((await import('./manifest-inventory.ts')).manifestInventoryCommand(dir, options)),
    );

  const exporting = program
    .command('export')
    .description('a signed manifest, or a report, in a format that other tools read');

  exporting
    .command('mtree')
    .description('a specification for mtree(8): type, mode, owner, size, sha256, target and device of each file')
    .option('--manifest <dir>', 'directory of the manifest', manifestDir)
    .option('--pub <file>', 'trusted public key or keys', pubFile)
    .addHelpText(
      'after',
      `
Example:
  pristine export mtree --manifest web-7 --pub image.pub > web-7.mtree && mtree -f web-7.mtree -p /mnt/image`,
    )
    .action(async (options) => end((await import('./export.ts')).exportMtreeCommand(options)));

  exporting
    .command('cyclonedx')
    .description('the packages of the image as a CycloneDX 1.6 bill of materials')
    .option('--manifest <dir>', 'directory of the manifest', manifestDir)
    .option('--pub <file>', 'trusted public key or keys', pubFile)
    .addHelpText('after', '\nExample:\n  pristine export cyclonedx --manifest web-7 --pub image.pub > web-7.cdx.json')
    .action(async (options) => end((await import('./export.ts')).exportCyclonedxCommand(options)));

  exporting
    .command('sarif')
    .description('a report as SARIF 2.1.0; exits 0 whatever it found')
    .requiredOption('--report <file>', 'what `pristine verify --format json` printed; - for standard input')
    .addHelpText(
      'after',
      '\nExample:\n  pristine verify --format json | pristine export sarif --report - > pristine.sarif',
    )
    .action(async (options) => end((await import('./export.ts')).exportSarifCommand(options)));

  exporting
    .command('junit')
    .description('a report as JUnit XML: findings are failures, holes are errors; exits 0 whatever it found')
    .requiredOption('--report <file>', 'what `pristine verify --format json` printed; - for standard input')
    .addHelpText(
      'after',
      '\nExample:\n  pristine verify --format json | pristine export junit --report - > pristine.xml',
    )
    .action(async (options) => end((await import('./export.ts')).exportJunitCommand(options)));
}
