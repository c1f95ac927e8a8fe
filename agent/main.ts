import { Command, CommanderError } from 'commander';
import { CodedError, ExitCode, sentenceOf } from '../shared/errors.ts';
import { terminalSafe } from '../shared/name.ts';
import { addImageCommands } from './commands/image-program.ts';
import { addInstanceCommands } from './commands/instance-program.ts';
import { addManifestCommands } from './commands/manifest-program.ts';
import { version } from './version.ts';

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

addImageCommands(program, end);
addInstanceCommands(program, end);
addManifestCommands(program, end);

// Not awaited: the bundle is CommonJS, which has no await here.
void main();

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
