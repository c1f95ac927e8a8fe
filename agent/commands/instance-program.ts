import { type Command, Option } from 'commander';
import { componentsDir, configFile, type End, manifestDir, pubFile } from './program.ts';

/** What an instance calls, or whoever looks at one. */
export function addInstanceCommands(program: Command, end: End): void {
  program
    .command('verify')
    .description('compare a system with its manifest; hashes everything')
    .option('--root <path>', 'what to compare: a directory or an image, as for bake', '/')
    .option('--platform <os/arch>', 'of an image for several platforms')
    .option('--manifest <dir>', 'directory of the manifest', manifestDir)
    .option('--pub <file>', 'trusted public key or keys', pubFile)
    .option(
      '--component <dir>',
      `a manifest that the rules let be laid over the image; repeatable (default: those in ${componentsDir})`,
      (dir: string, before: readonly string[] = []) => [...before, dir],
    )
    .option(
      '--pins <file>',
      'pins.json of an agent: what this instance wrote itself must be as it stood when boot settled',
    )
    .option(
      '--max-bytes-per-second <bytes>',
      'read no faster, such as 50M; what comes into the page cache goes out again',
    )
    .option('--max-cpu <percent>', 'use no more of one core, such as 25%; the page cache as above')
    .addOption(new Option('--format <format>', 'what to print').choices(['text', 'json']).default('text'))
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 from this severity on')
        .choices(['info', 'low', 'medium', 'high', 'critical'])
        .default('low'),
    )
    .addHelpText(
      'after',
      `
Judges by the rules of the manifest: newer ones that came through the server hold for the agent, and \`pristine status\` names them.

Examples:
  pristine verify
  pristine verify --root /mnt/image --manifest web-7 --pub image.pub --format json --fail-on high
  pristine verify --component /usr/lib/pristine/components/cni-calico
  pristine verify --max-bytes-per-second 50M --max-cpu 25%
  pristine verify --pins /var/lib/pristine/pins.json
  docker save web:7 > web.tar && pristine verify --root web.tar --manifest web-7 --pub image.pub`,
    )
    .action(async (options) =>
      end((await import('./verify.ts')).verifyCommand({ ...options, components: componentsDir })),
    );

  program
    .command('explain')
    .description('say of paths which rule decides, what was baked, what is there, who owns it, and since when')
    .argument('<path...>', 'absolute, within the root, as manifests and reports write them')
    .option('--root <path>', 'what to look at: a directory or an image, as for bake (default: that of --config, or /)')
    .option('--platform <os/arch>', 'of an image for several platforms')
    .option('--manifest <dir>', `directory of the manifest (default: that of --config, or ${manifestDir})`)
    .option('--pub <file>', `trusted public key or keys (default: those of --config, or ${pubFile})`)
    .option(
      '--config <file>',
      `of the agent on this machine, which knows since when (default: ${configFile}, if it is there)`,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Exits as verify does: 0 as baked or allowed, 1 a finding of low or more, 3 could not measure.

Examples:
  pristine explain /etc/passwd
  pristine explain /usr/bin/sudo /etc/sudoers --root /mnt/image --manifest web-7 --pub image.pub --json`,
    )
    .action(async (paths, options) => end((await import('./explain.ts')).explainCommand(paths, options)));

  // What the agent runs in a child to look at everything: like verify, and it leaves what it saw for the sweeps after it.
  program
    .command('sweep', { hidden: true })
    .requiredOption('--root <dir>')
    .requiredOption('--manifest <dir>')
    .requiredOption('--pub <file>')
    .option('--components <dir>')
    .option('--stamps <file>')
    .option('--machine')
    .option('--max-bytes-per-second <bytes>')
    .option('--max-cpu <percent>')
    .option('--low-priority')
    .option('--pins <file>')
    .option('--make-pins')
    .option('--rules <file>')
    .option('--trial')
    .option('--lines')
    .action(async ({ lines, ...options }) => {
      const format = lines === true ? 'lines' : 'json';
      return end((await import('./verify.ts')).verifyCommand({ ...options, format, failOn: 'low', isBounded: true }));
    });

  program
    .command('run')
    .description('watch this instance and report to the server')
    .requiredOption('--config <file>', 'agent.yaml')
    .option('--once', 'sweep once, deliver the report, end by its verdict')
    .addHelpText(
      'after',
      `
Sweeps run at nice 10, in batches and with the idle class of I/O, also where no unit says so; with --once at the priority
they are started with, since somebody waits.

Examples:
  pristine run --config /etc/pristine/agent.yaml
  pristine run --config agent.yaml --once`,
    )
    .action(async (options) => end((await import('./run.ts')).runCommand(options)));

  program
    .command('status')
    .description('what the agent on this machine last found')
    .option('--config <file>', 'agent.yaml', configFile)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExits 0 in sync, 1 drifted, 3 unverifiable or no agent is there to say.\n\nExample:\n  pristine status --json',
    )
    .action(async (options) => end((await import('./status.ts')).statusCommand(options)));

  program
    .command('wait')
    .description('wait until this instance is in sync and the server knows')
    .option('--config <file>', 'agent.yaml', configFile)
    .requiredOption('--in-sync', 'the state to wait for')
    .option('--timeout <duration>', 'give up after this long', '10m')
    .addHelpText(
      'after',
      '\nAt the timeout it exits 1 where the instance has drifted, else 3.\n\nExample:\n  pristine wait --in-sync --timeout 5m',
    )
    .action(async (options) => end((await import('./wait.ts')).waitCommand(options)));
}
