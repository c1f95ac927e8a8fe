/** Starts to count; the milliseconds of CPU that this thread has used since. What others do on the machine does not count. */
export function cpuTimer(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
}
