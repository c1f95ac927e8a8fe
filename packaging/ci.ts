import { runFuzz, runSystem, runTest } from './suites.ts';
import { addTallies, close } from './tally.ts';

// One process for both, so that the run ends in exactly one closing line, and that line counts everything.
close(addTallies(await runTest(), await runSystem(), await runFuzz()));
