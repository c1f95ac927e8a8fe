import { z } from 'zod';
import { Reason } from '../../../shared/api.ts';
import { ExtendQuarantine, OrphansView, QuarantineView, StartQuarantine } from '../../../shared/api-quarantine.ts';
import { extendQuarantine, releaseQuarantine, startQuarantine } from '../../fleet/quarantine.ts';
import { findQuarantineOf, listQuarantines } from '../../store/views/quarantines-view.ts';
import { answers, answersPage, flag, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const identified = z.object({ id: z.string() });
const tags = ['quarantines'];

export function quarantineRoutes(api: Api, services: Services): void {
  const { db, clock, feed } = services;
  const quarantineOf = async (instanceId: string) =>
    found(await findQuarantineOf(db, instanceId), `quarantine of instance ${instanceId}`);
  const after = async (instanceId: string, change: Promise<void>) => {
    await change;
    feed.wake();
    return quarantineOf(instanceId);
  };
  const response = answers(QuarantineView, 'The quarantine.');

  api.get('/quarantines', {
    schema: {
      operationId: 'listQuarantines',
      tags,
      summary: 'Machines that are kept as evidence, newest first',
      querystring: z.strictObject({
        group: z.string().optional(),
        all: flag('those that have ended too'),
        ...pageQuery,
      }),
      response: answersPage(QuarantineView, 'Quarantines.'),
    },
    handler: ({ query }) => listQuarantines(db, query),
  });

  api.get('/instances/:id/quarantine', {
    schema: {
      ...{ operationId: 'getQuarantine', tags, params: identified, response },
      summary: 'How an instance is, or was, kept as evidence',
    },
    handler: ({ params }) => quarantineOf(params.id),
  });

  api.post('/instances/:id/quarantine', {
    schema: {
      ...{ operationId: 'startQuarantine', tags, params: identified, body: StartQuarantine, response },
      summary: 'Isolate an instance and keep it; nothing takes its place yet',
    },
    handler: ({ params, body, actor: { name: actor } }) =>
      after(params.id, startQuarantine(db, { instanceId: params.id, actor, ...body }, clock.now())),
  });

  api.post('/instances/:id/quarantine/release', {
    schema: {
      ...{ operationId: 'releaseQuarantine', tags, params: identified, body: Reason, response },
      summary: 'Nobody needs it any more: end the machine, and drop its snapshot',
    },
    handler: ({ params, body, actor: { name: actor } }) =>
      after(params.id, releaseQuarantine(db, { instanceId: params.id, actor, ...body }, clock.now())),
  });

  api.post('/instances/:id/quarantine/extend', {
    schema: {
      ...{ operationId: 'extendQuarantine', tags, params: identified, body: ExtendQuarantine, response },
      summary: 'Keep it for longer',
    },
    handler: ({ params, body, actor: { name: actor } }) =>
      after(params.id, extendQuarantine(db, { instanceId: params.id, actor, ...body }, clock.now())),
  });

  api.get('/orphans', {
    schema: {
      operationId: 'listOrphans',
      tags,
      summary: 'Machines, marks and snapshots at the providers that no record owns, and records without their machine',
      response: answers(OrphansView, 'Orphans.'),
    },
    handler: () => services.orphans(),
  });
}
