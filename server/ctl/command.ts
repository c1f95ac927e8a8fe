import { type Command, InvalidArgumentError } from 'commander';
import { type CommonOptions, type Context, createContext } from './context.ts';

type Options = Readonly<Record<string, string | number | boolean | undefined>>;
type Action = (context: Context, args: readonly string[], options: Options) => Promise<void>;

/** A command with commands of its own. */
export function noun(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).exitOverride();
}

/** A command that does something. The common options may stand before or after it. */
export function leaf(
  parent: Command,
  usage: string,
  summary: string,
  load: () => Promise<Action>,
  ...examples: readonly [string, ...string[]]
): Command {
  return common(parent.command(usage))
    .description(summary)
    .exitOverride()
    .addHelpText(
      'after',
      `\nExample${examples.length === 1 ? '' : 's'}:\n${examples.map((line) => `  pristinectl ${line}`).join('\n')}`,
    )
    .action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const options = command.optsWithGlobals<CommonOptions & Options>();
      const action = await load();
      await action(createContext(options), command.args, options);
    });
}

/** The options that every command has. */
export function common(command: Command): Command {
  return command
    .option('--server <url>', 'the server (default: PRISTINE_SERVER, or http://127.0.0.1:7420)')
    .option(
      '--ca <file>',
      'CA certificates (PEM) that alone may have signed that of the server (default: PRISTINE_CA, or the system’s)',
    )
    .option('--token-file <file>', 'a file with the token (default: PRISTINE_TOKEN, or PRISTINE_TOKEN_FILE)')
    .option('--json', 'print exactly what the API says');
}

/** Errors: those of commander. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** Errors: those of commander. */
export function collectLabel(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected KEY=VALUE');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** For an option that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
