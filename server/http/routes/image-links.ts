import { z } from 'zod';
import { ImageLink, LinkImage } from '../../../shared/api-enrolment.ts';
import { CloudImage } from '../../../shared/enrolment.ts';
import { linkImage, unlinkImage } from '../../fleet/image-links.ts';
import { listLinks } from '../../store/views/links-view.ts';
import { answers, answersPage, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function imageLinkRoutes(api: Api, services: Services): void {
  api.get('/image-links', {
    schema: {
      operationId: 'listImageLinks',
      tags: ['images'],
      summary: 'Which pushed images clouds mean by names of their own',
      querystring: z.strictObject(pageQuery),
      response: answersPage(ImageLink, 'Links.'),
    },
    handler: (request) => listLinks(services.db, request.query),
  });

  api.post('/image-links', {
    schema: {
      operationId: 'linkImage',
      tags: ['images'],
      summary: 'Link an image of a cloud to a pushed one: the baseline of what was started from it',
      body: LinkImage,
      response: answers(ImageLink, 'The link.'),
    },
    handler: async ({ body, actor }) => {
      const link = await linkImage(services.db, body, services.clock.now(), actor.name);
      services.feed.wake();
      return link;
    },
  });

  api.post('/image-links/:cloudImage/unlink', {
    schema: {
      operationId: 'unlinkImage',
      tags: ['images'],
      summary: 'Forget a link: what was started from it is an unknown image, and unverifiable',
      params: z.object({ cloudImage: CloudImage }),
      response: answers(ImageLink, 'The link that was.'),
    },
    handler: async ({ params, actor }) => {
      const link = await unlinkImage(services.db, params.cloudImage, services.clock.now(), actor.name);
      services.feed.wake();
      return link;
    },
  });
}
