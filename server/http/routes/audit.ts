import { z } from 'zod';
import { AuditEntry } from '../../../shared/audit.ts';
import { listAudit } from '../../store/views/audit-view.ts';
import { answersPage, flag, pageQuery, wholeNumber } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function auditRoutes(api: Api, { db }: Services): void {
  api.get('/audit', {
    schema: {
      operationId: 'listAudit',
      tags: ['people'],
      summary: 'Every decision of a person and every transition, the oldest first; nothing is ever removed',
      description:
        'Each entry has the hash of the one before: `pristinectl audit verify` reads them all and finds one that was changed or removed. Write its last line down elsewhere: what was cut off at the end shows only against that.',
      querystring: z.strictObject({
        after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().describe('those after this number'),
        newest: flag('the newest first'),
        ...pageQuery,
      }),
      response: answersPage(AuditEntry, 'Entries.'),
    },
    handler: ({ query }) => listAudit(db, query),
  });
}
