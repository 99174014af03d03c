// CLOCK_BOOTTIME by FFI: Node has no way to it. `/proc/uptime` is faked in containers, the monotonic clock
// stands still while the host is suspended (lease-protocol §1).
import { CLOCK_BOOTTIME, type NativeCalls } from './native-calls.ts'

/** Ms since boot. Undefined when the kernel refuses the clock. */
export function openBootClock(calls: NativeCalls): (() => number) | undefined {
  const memory = new ArrayBuffer(16)
  const address = calls.addressOf(memory)
  const time = new BigInt64Array(memory)
  const read = (): boolean => calls.clock_gettime(CLOCK_BOOTTIME, address) === 0
  if (!read()) return undefined
  return () => {
    if (!read()) throw new Error('the boot clock cannot be read')
    return Number(time[0]) * 1000 + Number(time[1]) / 1e6
  }
}
