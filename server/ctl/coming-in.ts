import type { Command } from 'commander';
import { collect, collectLabel, leaf, noun, wholeNumber } from './command.ts';

/** The commands by which instances come in: what they are made from, and what they enrol with. */

export function addImages(program: Command): void {
  const images = noun(program, 'images', 'what instances are made from');
  const image = () => import('./commands/images.ts');
  leaf(images, 'push <dir>', 'push a baked and signed manifest', async () => (await image()).push, 'images push web-7');
  leaf(images, 'list', 'pushed images', async () => (await image()).list, 'images list');
  leaf(
    images,
    'get <image>',
    'one image, by digest or NAME@VERSION',
    async () => (await image()).get,
    'images get web@7',
  );

  const promotion = () => import('./commands/promotions.ts');
  leaf(
    images,
    'promote <image>',
    'have a group promote an image: what is not of a promoted one is outdated, and goes by policy',
    async () => (await promotion()).promote,
    'images promote web@8 --group web-prod',
    "images promote web@8 --group web-prod --channel canary --reason 'TLS fix'",
  )
    .requiredOption('--group <name>', 'the group')
    .option('--channel <channel>', 'stable or canary (default: stable)')
    .option('--force', 'make a canary stable that has not soaked clean; needs a reason')
    .option('--reason <text>', 'why; kept with the promotion');
  leaf(
    images,
    'rollback',
    'promote the image that was stable before this one',
    async () => (await promotion()).rollback,
    "images rollback --group web-prod --reason 'web@8 leaks'",
  )
    .requiredOption('--group <name>', 'the group')
    .option('--reason <text>', 'why; kept with the promotion');
  leaf(
    images,
    'resume <image>',
    'let the rollout of an image go on after it paused itself',
    async () => (await promotion()).resume,
    "images resume web@8 --group web-prod --reason 'their disks were full'",
  )
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--reason <text>', 'why; kept with the event');
  leaf(
    images,
    'promotions',
    'which images a group promoted, by whom and when, newest first',
    async () => (await promotion()).promotions,
    'images promotions --group web-prod',
  ).requiredOption('--group <name>', 'the group');

  leaf(
    images,
    'link <image> <cloud-image>',
    'say which pushed image instances of a cloud are started from',
    async () => (await image()).link,
    'images link web@7 aws:eu-central-1:ami-0123456789abcdef0',
  );
  leaf(
    images,
    'unlink <cloud-image>',
    'forget it: what was started from it is an unknown image, and unverifiable',
    async () => (await image()).unlink,
    'images unlink aws:eu-central-1:ami-0123456789abcdef0',
  );
  leaf(images, 'links', 'which images clouds mean', async () => (await image()).links, 'images links');
}

/** `idSaid` is how people name one of many. */
export function addTokens(program: Command, idSaid: string): void {
  const tokens = noun(program, 'tokens', 'what an agent enrols with');
  const token = () => import('./commands/tokens.ts');
  leaf(
    tokens,
    'create',
    'make a join token; it is shown once',
    async () => (await token()).create,
    'tokens create --group web-prod --image web@7 --expires-in 15m > join-token',
    'tokens create --group web-prod --image web@7 --uses 500 --rate 20/1m --cidr 10.0.0.0/8 --expires-in 7d',
  )
    .requiredOption('--group <name>', 'the group its instances belong to')
    .requiredOption('--image <name@version>', 'the pushed image they were made from')
    .option('--label <key=value>', 'a label of its instances; may be repeated', collectLabel)
    .option('--uses <count>', 'how many instances may use it (default: 1); more than one need a rate', wholeNumber)
    .option('--rate <uses/duration>', 'how many in how long, such as 10/1m')
    .option(
      '--cidr <network>',
      'where it may be used from, such as 10.0.0.0/8; may be repeated (default: anywhere)',
      collect,
    )
    .option('--expires-in <duration>', 'such as 30m (default: 1h)');
  leaf(tokens, 'list', 'join tokens, without their secrets', async () => (await token()).list, 'tokens list');
  leaf(
    tokens,
    'revoke <token>',
    `nobody enrols with it any more; a token is named by ${idSaid}`,
    async () => (await token()).revoke,
    'tokens revoke 01a20766',
  );
}
