import { runCrash } from './suites.ts';
import { close } from './tally.ts';

close(await runCrash());
