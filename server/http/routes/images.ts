import { Readable } from 'node:stream';
import { z } from 'zod';
import { PushedImage, PushImage } from '../../../shared/api.ts';
import { CodedError } from '../../../shared/errors.ts';
import { keepEntries, pushImage } from '../../fleet/images.ts';
import { findPushedImage, listImages } from '../../store/views/images-view.ts';
import { answers, answersPage, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

/** Two envelopes; a manifest statement names what a bake left out, so it is larger than a plain document. */
const pushBytesMax = 8 * 1_048_576;
/** What `entries.ndjson.zst` is (RFC 8878). */
const entriesType = 'application/zstd';

export function imageRoutes(api: Api, services: Services): void {
  // As it comes: it may be larger than anything that belongs into memory.
  api.addContentTypeParser(entriesType, (_request, payload, done) => done(null, payload));

  api.get('/images', {
    schema: {
      operationId: 'listImages',
      tags: ['images'],
      summary: 'Pushed images, newest first',
      querystring: z.strictObject(pageQuery),
      response: answersPage(PushedImage, 'Images.'),
    },
    handler: (request) => listImages(services.db, request.query),
  });

  api.get('/images/:digest', {
    schema: {
      operationId: 'getImage',
      tags: ['images'],
      summary: 'One image',
      params: z.object({ digest: z.string() }),
      response: answers(PushedImage, 'The image.'),
    },
    handler: async ({ params }) => found(await findPushedImage(services.db, params.digest), `image ${params.digest}`),
  });

  api.post('/images', {
    bodyLimit: pushBytesMax,
    schema: {
      operationId: 'pushImage',
      tags: ['images'],
      summary: 'Push a signed manifest and its rules; pushing the same again changes nothing',
      body: PushImage,
      response: answers(PushedImage, 'The image.'),
    },
    handler: async ({ body, actor }) => {
      const image = await pushImage(services.db, body, services.clock.now(), actor.name);
      services.feed.wake();
      return image;
    },
  });

  api.put('/images/:digest/entries', {
    schema: {
      operationId: 'pushEntries',
      tags: ['images'],
      summary: 'Keep the entries of a pushed image, so that disks can be looked at from outside',
      description:
        'The body is `entries.ndjson.zst` as baked, `application/zstd`; only what the manifest has signed is taken.',
      params: z.object({ digest: z.string() }),
      response: answers(PushedImage, 'The image.'),
    },
    handler: async ({ params, body }) => {
      if (!(body instanceof Readable)) throw new CodedError('USAGE', `expected a body of ${entriesType}`);
      return keepEntries(services, params.digest, body);
    },
  });
}
