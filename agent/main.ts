import { Command, CommanderError, Option } from 'commander';
import { CodedError, ExitCode, sentenceOf } from '../shared/errors.ts';
import { terminalSafe } from '../shared/name.ts';
import { version } from './version.ts';

/** Where things live on an instance; spelled out here so that no command waits for schemas it may not need. */
const manifestDir = '/usr/lib/pristine/manifest';
const pubFile = '/etc/pristine/trusted.pub';

const program = new Command('pristine')
  .description('Keeps every running instance byte-for-byte the image it was built from.')
  .version(version)
  .exitOverride()
  .configureOutput({ writeErr: (text) => void process.stderr.write(safeLines(text)) })
  .showHelpAfterError('(see --help)')
  .helpOption('-h, --help', 'show help')
  .addHelpText(
    'after',
    `
Exit codes:
  0 done and clean   1 a finding   2 usage or configuration
  3 could not measure   4 server unreachable   5 not allowed

Examples:
  pristine keygen --out image
  pristine bake --root /mnt/image --image web --image-version 7 --out web-7 --key image.key
  pristine verify --root /mnt/image --manifest web-7 --pub image.pub`,
  );

command('keygen', 'make an Ed25519 key to sign images with; never overwrites')
  .requiredOption('--out <prefix>', 'writes PREFIX.key (private, 0600) and PREFIX.pub')
  .addHelpText('after', '\nExample:\n  pristine keygen --out ~/keys/image')
  .action(async (options) => end((await import('./commands/keygen.ts')).keygenCommand(options)));

command('bake', 'record every file and package of an image in a manifest')
  .option(
    '--root <path>',
    'what to record: a directory, a root tar, an OCI image layout or archive, a `docker save` archive',
    '/',
  )
  .option('--platform <os/arch>', 'of an image for several platforms')
  .requiredOption('--image <name>', 'name of the image')
  .requiredOption('--image-version <version>', 'version of the image')
  .requiredOption('--out <dir>', 'directory of the manifest; replaced whole')
  .option('--key <file>', 'sign with this private key; without one, `pristine sign` must follow')
  .option('--config <file>', 'pristine.yaml with the rules of the image')
  .option('--json', 'print one JSON object')
  .addHelpText(
    'after',
    `
Examples:
  pristine bake --image web --image-version 7 --out ${manifestDir} --key image.key
  pristine bake --root /mnt/image --image web --image-version 7 --out web-7 --config pristine.yaml --json
  pristine bake --root web.tar.zst --image web --image-version 7 --out web-7 --key image.key
  pristine bake --root oci-layout/ --platform linux/arm64 --image web --image-version 7 --out web-7 --key image.key`,
  )
  .action(async (options) => end((await import('./commands/bake.ts')).bakeCommand(options)));

command('sign', 'sign a manifest that was baked without a key')
  .requiredOption('--manifest <dir>', 'directory of the manifest')
  .requiredOption('--key <file>', 'private key')
  .addHelpText('after', '\nExample:\n  pristine sign --manifest web-7 --key image.key')
  .action(async (options) => end((await import('./commands/sign.ts')).signCommand(options)));

const rules = command('rules', 'look through the rules of an image, or sign new ones');

rules
  .command('lint')
  .description('find rules that never decide, or hide what they should not; exits 1 when there is one to mend')
  .requiredOption('--config <file>', 'pristine.yaml')
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
  .action(async (options) => end((await import('./commands/rules-lint.ts')).rulesLintCommand(options)));

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
  .action(async (options) => end((await import('./commands/rules-sign.ts')).rulesSignCommand(options)));

command('verify', 'compare a system with its manifest; hashes everything')
  .option('--root <path>', 'what to compare: a directory or an image, as for bake', '/')
  .option('--platform <os/arch>', 'of an image for several platforms')
  .option('--manifest <dir>', 'directory of the manifest', manifestDir)
  .option('--pub <file>', 'trusted public key or keys', pubFile)
  .addOption(new Option('--format <format>', 'what to print').choices(['text', 'json']).default('text'))
  .addOption(
    new Option('--fail-on <severity>', 'exit 1 from this severity on')
      .choices(['info', 'low', 'medium', 'high', 'critical'])
      .default('low'),
  )
  .addHelpText(
    'after',
    `
Examples:
  pristine verify
  pristine verify --root /mnt/image --manifest web-7 --pub image.pub --format json --fail-on high
  docker save web:7 > web.tar && pristine verify --root web.tar --manifest web-7 --pub image.pub`,
  )
  .action(async (options) => end((await import('./commands/verify.ts')).verifyCommand(options)));

// What the agent runs in a child for each sweep: like verify, but it need not read again what has not changed.
program
  .command('sweep', { hidden: true })
  .requiredOption('--root <dir>')
  .requiredOption('--manifest <dir>')
  .requiredOption('--pub <file>')
  .requiredOption('--verified <file>')
  .action(async (options) =>
    end((await import('./commands/verify.ts')).verifyCommand({ ...options, format: 'json', failOn: 'low' })),
  );

command('run', 'watch this instance and report to the server')
  .requiredOption('--config <file>', 'agent.yaml')
  .option('--once', 'sweep once, deliver the report, end by its verdict')
  .addHelpText(
    'after',
    '\nExamples:\n  pristine run --config /etc/pristine/agent.yaml\n  pristine run --config agent.yaml --once',
  )
  .action(async (options) => end((await import('./commands/run.ts')).runCommand(options)));

command('status', 'what the agent on this machine last found')
  .option('--config <file>', 'agent.yaml', '/etc/pristine/agent.yaml')
  .option('--json', 'print one JSON object')
  .addHelpText('after', '\nExample:\n  pristine status --json')
  .action(async (options) => end((await import('./commands/status.ts')).statusCommand(options)));

command('wait', 'wait until this instance is in sync and the server knows')
  .option('--config <file>', 'agent.yaml', '/etc/pristine/agent.yaml')
  .requiredOption('--in-sync', 'the state to wait for')
  .option('--timeout <duration>', 'give up after this long', '10m')
  .addHelpText('after', '\nExample:\n  pristine wait --in-sync --timeout 5m')
  .action(async (options) => end((await import('./commands/wait.ts')).waitCommand(options)));

// Not awaited: the bundle is CommonJS, which has no await here.
void main();

function command(name: string, description: string): Command {
  return program.command(name).description(description);
}

async function main(): Promise<void> {
  // A reader that has seen enough (`| head`) is no defect of ours.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) return leave(error.exitCode === 0 ? ExitCode.ok : ExitCode.usage);
    if (error instanceof CodedError) {
      process.stderr.write(`pristine: ${error.code}: ${terminalSafe(error.message)}\n`);
      return leave(error.exitCode);
    }
    const trace = error instanceof Error ? (error.stack ?? error.message) : sentenceOf(error);
    process.stderr.write(`pristine: a defect of ours: ${safeLines(trace)}\n`);
    await leave(ExitCode.unmeasured);
  }
}

/** What others wrote never commands the terminal; the line breaks are ours. */
function safeLines(text: string): string {
  return text.split('\n').map(terminalSafe).join('\n');
}

async function end(code: Promise<ExitCode>): Promise<void> {
  await leave(await code);
}

/** Ends as soon as everything is written: idle threads need no farewell, but a parent reads through a socket in its own time. */
async function leave(code: ExitCode): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
  process.exit(code);
}
