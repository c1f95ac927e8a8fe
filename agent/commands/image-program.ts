import type { Command } from 'commander';
import { type End, manifestDir, pubFile } from './program.ts';
import { rulesExample } from './rules-example.ts';

/** What an image build calls. */
export function addImageCommands(program: Command, end: End): void {
  program
    .command('keygen')
    .description('make an Ed25519 key to sign images with; never overwrites')
    .requiredOption('--out <prefix>', 'writes PREFIX.key (private, 0600) and PREFIX.pub')
    .addHelpText('after', '\nExample:\n  pristine keygen --out ~/keys/image')
    .action(async (options) => end((await import('./keygen.ts')).keygenCommand(options)));

  program
    .command('bake')
    .description('record every file and package of an image in a manifest')
    .option(
      '--root <path>',
      'what to record: a directory, a root tar, an OCI image layout or archive, a `docker save` archive',
      '/',
    )
    .option('--platform <os/arch>', 'of an image for several platforms')
    .option('--image <name>', 'name of the image')
    .option('--image-version <version>', 'version of the image')
    .option('--out <dir>', 'directory of the manifest; replaced whole')
    .option('--check', 'first look for what no image may hand to every instance; bake only if there is nothing')
    .option('--key <file>', 'sign with this private key; without one, `pristine sign` must follow')
    .option('--config <file>', 'pristine.yaml with the rules of the image; `pristine rules --help` shows one')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Text of public configuration files (up to 64 KiB, readable by everybody) is kept in the manifest, so that their changes
can be shown, secrets redacted. The profile lists them; in pristine.yaml, \`texts: [/srv/app/*.conf]\` adds, \`noTexts: [/etc/cron.d/*]\`
takes away, and \`texts: []\` keeps none.

With --check, machine ids, host keys, seeds, leases, state of cloud-init, histories and the like end it with exit code 1
before anything is written, each with the command that takes it out; a remark may be meant so and stops nothing; 3 says
that something could not be looked at. Without --image, --image-version and --out, it only checks.

Examples:
  pristine bake --image web --image-version 7 --out ${manifestDir} --key image.key
  pristine bake --check --root /mnt/image
  pristine bake --check --root /mnt/image --image web --image-version 7 --out web-7 --key image.key
  pristine bake --root /mnt/image --image web --image-version 7 --out web-7 --config pristine.yaml --json
  pristine bake --root web.tar.zst --image web --image-version 7 --out web-7 --key image.key
  pristine bake --root oci-layout/ --platform linux/arm64 --image web --image-version 7 --out web-7 --key image.key`,
    )
    .action(async (options) => end((await import('./bake.ts')).bakeCommand(options)));

  program
    .command('sign')
    .description('sign a manifest that was baked without a key')
    .requiredOption('--manifest <dir>', 'directory of the manifest')
    .requiredOption('--key <file>', 'private key')
    .addHelpText('after', '\nExample:\n  pristine sign --manifest web-7 --key image.key')
    .action(async (options) => end((await import('./sign.ts')).signCommand(options)));

  program
    .command('learn')
    .description('propose rules for what booting changes, from booted and untouched instances; a person signs them')
    .argument('<roots...>', 'three or more: directories of instances, mounted snapshots, or archives of them')
    .requiredOption('--manifest <dir>', 'the manifest of the image that they were started from')
    .option('--pub <file>', 'trusted public key or keys', pubFile)
    .option('--out <file>', 'writes the rules there, as a part of pristine.yaml; never overwrites')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
What every instance changed becomes a rule as narrow as what was seen; ids in names become patterns. Never proposed:
\`ignored\`, and anything about programs or what a guard speaks of. Exit code 1 says that something is left for a person.

Examples:
  pristine learn /mnt/boot-1 /mnt/boot-2 /mnt/boot-3 --manifest web-7 --pub image.pub --out boot-rules.yaml
  pristine rules lint --config boot-rules.yaml --manifest web-7 --pub image.pub`,
    )
    .action(async (roots, options) => end((await import('./learn.ts')).learnCommand(roots, options)));

  const rules = program
    .command('rules')
    .description('look through the rules of an image, or sign new ones')
    .addHelpText(
      'after',
      `\npristine.yaml, of which \`rules\` is a part and every key may be left out:\n${rulesExample}`,
    );

  rules
    .command('lint')
    .description('find rules that never decide, or hide what they should not; exits 1 when there is one to mend')
    .requiredOption('--config <file>', 'pristine.yaml; `pristine rules --help` shows one')
    .option('--manifest <dir>', 'a manifest of the image: what was baked tells more than patterns alone')
    .option('--pub <file>', 'trusted public key or keys, for --manifest', pubFile)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  pristine rules lint --config pristine.yaml
  pristine rules lint --config pristine.yaml --manifest web-7 --pub image.pub --json`,
    )
    .action(async (options) => end((await import('./rules-lint.ts')).rulesLintCommand(options)));

  rules
    .command('sign')
    .description('sign new rules for an image that is baked already; never overwrites')
    .requiredOption('--sequence <number>', 'higher than that of the rules in force')
    .requiredOption('--config <file>', 'pristine.yaml with the new rules')
    .requiredOption('--manifest <dir>', 'directory of the manifest')
    .requiredOption('--key <file>', 'private key')
    .option('--pub <file>', 'trusted public key or keys of the manifest; without it, those of --key')
    .requiredOption('--out <file>', 'writes the signed rules there')
    .addHelpText(
      'after',
      `
Example:
  pristine rules sign --sequence 2 --config pristine.yaml --manifest web-7 --key image.key --out rules-2.dsse.json`,
    )
    .action(async (options) => end((await import('./rules-sign.ts')).rulesSignCommand(options)));
}
