import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';

/** A program that writes to a file through io_uring(7): no system call of writing is made. Exit 0 when it was written, 2 where the kernel forbids it. */

const libc = koffi.load(null);
const setup = libc.func('int64_t syscall(int64_t, unsigned int, uint8_t *)');
const enter = libc.func('int64_t syscall(int64_t, int, unsigned int, unsigned int, unsigned int, void *, uint64_t)');
const mmap = libc.func('void *mmap(void *, uint64_t, int, int, int, int64_t)');

/** The same numbers on all architectures. */
const [setupNumber, enterNumber] = [425, 426];
const [readAndWrite, sharedAndPopulated] = [3, 0x8001];
const [ringOffset, entriesOffset] = [0, 0x10000000];
const [writeOperation, waitForEvents] = [23, 1];

const [path, text] = process.argv.slice(2) as [string, string];
const bytes = Buffer.from(text);
const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
/** struct io_uring_params: sq_off begins at byte 40, cq_off at 80. */
const params = Buffer.alloc(120);
const ring = Number(setup(setupNumber, 4, params));
if (ring < 0) process.exit(2);

const submissions = map(4_096, ringOffset);
const entries = map(4 * 64, entriesOffset);
const tail = new DataView(submissions).getUint32(params.readUInt32LE(44), true);
const mask = new DataView(submissions).getUint32(params.readUInt32LE(48), true);
/** struct io_uring_sqe: opcode u8, flags u8, ioprio u16, fd s32, offset u64, address u64, length u32. */
const entry = Buffer.from(entries, (tail & mask) * 64, 64);
entry.writeUInt8(writeOperation, 0);
entry.writeInt32LE(file, 4);
entry.writeBigUInt64LE(BigInt(koffi.address(bytes)), 16);
entry.writeUInt32LE(bytes.length, 24);
new DataView(submissions).setUint32(params.readUInt32LE(64) + (tail & mask) * 4, tail & mask, true);
new DataView(submissions).setUint32(params.readUInt32LE(44), tail + 1, true);
if (Number(enter(enterNumber, ring, 1, 1, waitForEvents, null, 0)) !== 1) process.exit(3);
closeSync(file);

function map(length: number, offset: number): ArrayBuffer {
  return koffi.view(mmap(null, length, readAndWrite, sharedAndPopulated, ring, offset), length);
}
