import { watch } from 'chokidar';

watch(process.argv[2]!, { ignoreInitial: true })
  .on('all', () => undefined)
  .on('ready', () => console.log('ready'));
