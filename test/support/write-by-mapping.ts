import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

/** A program that stores into a shared mapping of a file, which it has closed before. */

const libc = koffi.load(null);
const mmap = libc.func('void *mmap(void *, uint64_t, int, int, int, int64_t)');
const [readAndWrite, shared, pageBytes] = [3, 1, 4_096];

const [path, text] = process.argv.slice(2) as [string, string];
const file = openSync(path, 'r+');
const memory = Buffer.from(koffi.view(mmap(null, pageBytes, readAndWrite, shared, file, 0), pageBytes));
closeSync(file);
memory.write(text);
