import { runFuzz, runSystem, runTest } from './suites.ts';
import { addTallies, close } from './tally.ts';

// One process for all, so that the run ends in exactly one closing line, and that line counts everything.
const test = await runTest();
// The parsers wait for nothing and the system tests often do: side by side they take no longer than either alone.
close(addTallies(test, ...(await Promise.all([runSystem(), runFuzz()]))));
