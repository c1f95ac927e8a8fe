import { parseArgs } from 'node:util';
import { compareWindows } from '../support/compare-windows.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { aSchedule, wallsOf } from '../support/wall-oracle.ts';

/**
 * The windows of every IANA zone over 2024 to 2030, against a brute force that goes from minute to minute: `npm run windows`,
 * a quarter of an hour. The unit tests have some zones and one year of each.
 */

const hourMs = 3_600_000;
const hours = [0.5, 1, 3, 8, 24, 30];

const { values } = parseArgs({ options: { schedules: { type: 'string', default: '3' } } });
const random = seededRandom(testSeed());
// The list has one name of each zone; those that are another's count as that.
const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC'];
let differing = 0;
for (const [index, zone] of zones.entries()) {
  const walls = wallsOf(zone, Date.UTC(2024, 0, 1), Date.UTC(2031, 0, 1));
  for (let n = 0; n < Number(values.schedules); n++) {
    const difference = compareWindows(zone, walls, aSchedule(random), random.pick(hours) * hourMs, random);
    if (difference === undefined) continue;
    differing += 1;
    console.error(JSON.stringify(difference));
  }
  if (index % 20 === 19) console.error(`${index + 1} of ${zones.length} zones`);
}
console.log(`${zones.length} zones, ${Number(values.schedules)} schedules each: ${differing} differ`);
process.exitCode = differing === 0 ? 0 : 1;
