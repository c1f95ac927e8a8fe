import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../processes.ts';
import { type Act, expectAlive, meddle, type Stage, untilAtRest, untilBlocked, untilContent } from '../stage.ts';

/** Somebody signs rules that find drift in every instance at once. What only they find triggers nothing for an hour. */
export const badRules: Act = {
  name: 'bad-rules',
  title: 'new rules that find drift everywhere',
  async play(stage) {
    const fleet = await untilAtRest(stage);
    for (const instance of fleet) meddle(stage, instance, logLine, 'its application writes a log, as it may');
    await push(stage, 2, '{match: [/var/log/**], as: immutable, severity: critical}');
    await untilContent(stage, fleet, 'drifted');
    const because = await untilBlocked(stage, fleet, 'new-rules');
    await expectAlive(stage, fleet);
    await push(stage, 3, '{match: [/var/log/**], as: ephemeral}');
    await untilAtRest(stage);
    await expectAlive(stage, fleet);
    return { refused: fleet.length, because };
  },
};

const logLine = 'mkdir -p "$1/var/log" && echo started >"$1/var/log/app.log"';

async function push(
  { directory, image: { baked }, ctl, account }: Stage,
  sequence: number,
  rule: string,
): Promise<void> {
  const [config, out] = ['yaml', 'dsse.json'].map((end) => join(directory, `rules-${sequence}.${end}`)) as [
    string,
    string,
  ];
  writeFileSync(config, `rules:\n  - ${rule}\n`);
  const key = baked.pub.replace(/\.pub$/, '.key');
  const signed = ['--config', config, '--manifest', baked.manifest, '--key', key, '--out', out];
  await run('pristine', ['rules', 'sign', '--sequence', String(sequence), ...signed]);
  await ctl('rules', 'push', out, '--yes', '--wait', '1m');
  account.say('rules', `rules ${sequence} are in force: ${rule}`);
}
