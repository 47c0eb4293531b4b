/** ms that this process computes for `work`, however busy the machine is with others. */
export function cpuMillisOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
