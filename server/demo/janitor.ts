import { emptyWorkspace } from './workspace.ts';

/** Waits until the demo closes its end of the pipe, by will or by death, and cleans up after it. */
const directory = process.env['PRISTINE_DEMO_WORKSPACE'];
if (directory === undefined) throw new Error('PRISTINE_DEMO_WORKSPACE is not set: the janitor is started by the demo');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdin.resume().once('close', () => emptyWorkspace(directory));
