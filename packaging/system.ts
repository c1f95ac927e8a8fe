import { runSystem } from './suites.ts';
import { close } from './tally.ts';

close(await runSystem());
