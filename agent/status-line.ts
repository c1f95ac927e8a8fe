import { imageRef } from '../shared/image.ts';
import type { Status } from './status.ts';

/**
 * A status in one line. Times and no ages, since it is shown long after it was said; the verdict first, since lines are cut
 * at their end. Pure.
 */
export function lineOf(status: Status): string {
  const { verdict, openFindings, holes, image, lastSweep, watcher, connection, spool, memoryShortage: short } = status;
  const swept = lastSweep === null ? 'no sweep yet' : `swept ${clockTime(lastSweep.finishedAt)}`;
  const undelivered = spool.reports === 0 ? '' : `, ${spool.reports} reports not delivered`;
  const disk = spool.trouble === null ? '' : `, the spool's disk fails${noted(spool.trouble)}`;
  return [
    `${verdict}: ${openFindings} findings, ${holes} holes against ${imageRef(image)}`,
    swept,
    `${watcher.kind} ${watcher.state}${noted(watcher.error)}`,
    ...(short === null ? [] : [`memory is short${short.sweepPutOff ? ', a sweep is put off' : ''}`]),
    `server ${connection.state} since ${clockTime(connection.since)}${noted(connection.error)}${undelivered}${disk}`,
  ].join('; ');
}

/** `11-29 03:12 UTC`. */
function clockTime(time: string): string {
  return `${time.slice(5, 16).replace('T', ' ')} UTC`;
}

function noted(sentence: string | null): string {
  return sentence === null ? '' : ` (${sentence.slice(0, 80)})`;
}
