import { runTest } from './suites.ts';
import { close } from './tally.ts';

close(await runTest());
