import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { Report } from '../../shared/report.ts';
import { readRegular } from '../collect/inside.ts';

/** A report of ten thousand findings has a few megabytes. */
const reportBytesMax = 256 * 1_048_576;

/** What `verify --format json` printed: from a file, or `-` for standard input. Errors: USAGE, TOO_LARGE. */
export async function readReport(file: string): Promise<Report> {
  const text = file === '-' ? await readInput() : readFile(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CodedError(
      'USAGE',
      `expected a report of \`pristine verify --format json\`, got no JSON: ${file}`,
      cause,
    );
  }
  const parsed = Report.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CodedError(
    'USAGE',
    `expected a report of \`pristine verify --format json\`: ${issue?.path.join('.')}: ${issue?.message}`,
    parsed.error,
  );
}

function readFile(file: string): string {
  try {
    return readRegular(file, reportBytesMax).toString('utf8');
  } catch (cause) {
    throw new CodedError(
      'USAGE',
      `expected a report as --report ${file}, and could not read it: ${sentenceOf(cause)}`,
      cause,
    );
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > reportBytesMax) throw new CodedError('TOO_LARGE', `expected at most ${reportBytesMax} bytes of report`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
