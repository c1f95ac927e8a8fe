import { runCheck } from './suites.ts';
import { close } from './tally.ts';

close(await runCheck());
