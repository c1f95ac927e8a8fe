import { z } from 'zod';
import { PushedImage, PushImage } from '../../../shared/api.ts';
import { pushImage } from '../../fleet/images.ts';
import { findPushedImage, listImages } from '../../store/views/images-view.ts';
import { answers, answersPage, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

/** Two envelopes; a manifest statement names what a bake left out, so it is larger than a plain document. */
const pushBytesMax = 8 * 1_048_576;

export function imageRoutes(api: Api, services: Services): void {
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
    handler: async ({ body }) => {
      const image = await pushImage(services.db, body, services.clock.now());
      services.feed.wake();
      return image;
    },
  });
}
