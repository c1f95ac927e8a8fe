import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseAllDocuments, type Document as YamlDocument } from 'yaml';
import type { ApplyResult } from '../../../shared/api.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import { issuesOf, pathOfPointer } from '../../../shared/issues.ts';
import { terminalSafe } from '../../../shared/name.ts';
import { Document } from '../../../shared/policy.ts';
import type { Context } from '../context.ts';
import { RemoteProblem } from '../remote.ts';

const fileBytesMax = 4 * 1_048_576;

interface Declared {
  readonly body: object;
  /** `fleet.yaml:12` for a place in the document. */
  readonly placeOf: (pointer: string) => string;
}

/**
 * Every document is read and checked before the first is sent, so that a slip of the pen in the last changes nothing.
 * Errors: CONFIG with file and line, and what the server refuses.
 */
export async function apply(
  context: Context,
  _args: readonly string[],
  { file }: { readonly file?: unknown },
): Promise<void> {
  const declared = readDocuments(String(file));
  const { remote, out, json } = context;
  const results: ApplyResult[] = [];
  try {
    for (const document of declared) results.push(await send(remote, document));
  } finally {
    if (json) out.json(results);
    else
      for (const { kind, name, result, version, warnings } of results) {
        out.line(`${kind} ${name}: ${result} (version ${version})`);
        for (const { code, message } of warnings)
          process.stderr.write(`${terminalSafe(`${name}: ${code}: ${message}`)}\n`);
      }
  }
}

async function send(remote: Context['remote'], { body, placeOf }: Declared): Promise<ApplyResult> {
  try {
    return await remote.post<ApplyResult>('apply', body);
  } catch (error) {
    if (!(error instanceof RemoteProblem)) throw error;
    const pointer = error.problem.errors?.[0]?.pointer ?? '';
    throw new RemoteProblem({ ...error.problem, detail: `${placeOf(pointer)}: ${error.problem.detail}` });
  }
}

export function readDocuments(file: string): readonly Declared[] {
  const name = file === '-' ? '(stdin)' : file;
  const lines = new LineCounter();
  const documents = parseAllDocuments(read(file, name), { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(documents)) throw new CodedError('CONFIG', `${name}: expected a Group or a Policy, got nothing`);
  const placed = documents.map((document) => {
    const placeOf = (pointer: string) => `${name}:${lineOf(document, pointer, lines)}`;
    const [error] = document.errors;
    if (error) throw new CodedError('CONFIG', `${name}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
    return { body: toJs(document, placeOf), placeOf };
  });
  const declared = placed.filter((document): document is Declared => document.body !== null);
  if (declared.length === 0) throw new CodedError('CONFIG', `${name}: expected a Group or a Policy, got nothing`);
  refuseWrong(declared);
  return declared;
}

function read(file: string, name: string): string {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    if (bytes.length > fileBytesMax) throw new CodedError('CONFIG', `${name}: expected at most ${fileBytesMax} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError(
      'CONFIG',
      `${name}: expected YAML in UTF-8, and could not read it: ${sentenceOf(cause)}`,
      cause,
    );
  }
}

function toJs(document: YamlDocument, placeOf: (pointer: string) => string): object | null {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null || typeof value === 'object') return value;
  } catch (cause) {
    throw new CodedError('CONFIG', `${placeOf('')}: ${sentenceOf(cause)}`, cause);
  }
  throw new CodedError('CONFIG', `${placeOf('')}: expected keys and values`);
}

function refuseWrong(declared: readonly Declared[]): void {
  const wrong = declared.flatMap(({ body, placeOf }) => {
    const result = Document.safeParse(body);
    if (result.success) return [];
    return issuesOf(result.error).map(
      ({ pointer, detail }) => `${placeOf(pointer)}: ${pointer || '(document)'}: ${detail}`,
    );
  });
  if (wrong.length > 0) throw new CodedError('CONFIG', wrong.join('\n'));
}

/** The line of what the pointer is about, or of the nearest thing around it: a missing field has no line of its own. */
function lineOf(document: YamlDocument, pointer: string, lines: LineCounter): number {
  const path = pathOfPointer(pointer);
  for (let length = path.length; length >= 0; length -= 1) {
    const above: unknown = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pairs = (above as { items?: readonly { key?: unknown }[] } | undefined)?.items;
    const named = pairs?.find(({ key: node }) => isNode(node) && String(node) === key)?.key;
    const node: unknown = length > 0 && isNode(named) ? named : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return lines.linePos(document.range?.[0] ?? 0).line;
}
