import { emptyCoverage } from '../../shared/coverage.ts';
import { CodedError, type ErrorCode, sentenceOf } from '../../shared/errors.ts';
import type { Report } from '../../shared/report.ts';
import { errnoOf } from '../collect/system-path.ts';

/** What is reported when nothing could be measured: a report like any other, with one hole over everything. */
export function refusalReport(
  error: unknown,
  scan: { readonly root: string; readonly manifest: string; readonly startedAt: string; readonly finishedAt: string },
): Report {
  const code = codeOf(error);
  return {
    schema: 'pristine.report/1',
    image: null,
    rules: null,
    root: scan.root,
    startedAt: scan.startedAt,
    finishedAt: scan.finishedAt,
    verdict: 'unverifiable',
    coverage: {
      ...emptyCoverage,
      holes: [
        code === 'ARCHIVE'
          ? { subject: 'file', name: '/', reason: 'unparseable' }
          : {
              subject: 'manifest',
              name: scan.manifest,
              reason: reasonOfRefusal(code),
            },
      ],
    },
    findings: [],
    summary: { added: 0, removed: 0, modified: 0 },
    error: { code, message: sentenceOf(error) },
  };
}

export function reasonOfRefusal(code: ErrorCode): 'bad-signature' | 'not-a-manifest' {
  return aboutSignature.includes(code) ? 'bad-signature' : 'not-a-manifest';
}

/** What the system said has a code of its own (EIO, EMFILE); anything else is a defect of ours. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof CodedError) return error.code;
  return errnoOf(error) === '' ? 'INTERNAL' : 'IO';
}

const aboutSignature: readonly ErrorCode[] = ['SIGNATURE', 'UNSIGNED', 'KEY'];
