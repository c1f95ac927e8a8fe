import { aLocalBench } from '../support/local-bench.ts';
import { describeProvider } from './provider.ts';

describeProvider('local, as a copy', () => aLocalBench({ privileged: false }));
