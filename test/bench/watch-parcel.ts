import { subscribe } from '@parcel/watcher';

// Keeps the process.
process.stdin.resume();
await subscribe(process.argv[2]!, () => undefined);
console.log('ready');
