// The port to libc and libuv: system calls by number and address, nothing else. Two implementations
// (`ffi-calls.ts`, `koffi-calls.ts`). A mistake in an address ends in EFAULT, never in a crash, because
// no function here follows a pointer in user space.

/** libuv's poll on one descriptor, on the event loop of the thread that made it. */
export interface PollHandle {
  /** Resolves when libuv let go of the handle; only then may the descriptor be closed. */
  readonly close: () => Promise<void>
  /** The handle no longer keeps the process alive. */
  readonly unref: () => void
}

/**
 * Each call returns what the kernel returns: −1 means that `errno()` has the reason, and it must be the
 * very next call. Pointers are addresses inside an ArrayBuffer the caller keeps alive.
 */
export interface NativeCalls {
  readonly kind: 'ffi' | 'koffi'
  /** Address of the first byte. The buffer must outlive every use and must never be transferred. */
  readonly addressOf: (buffer: ArrayBufferLike) => bigint
  readonly errno: () => number
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly bind: (fd: number, address: bigint, length: number) => number
  readonly getsockname: (fd: number, address: bigint, length: bigint) => number
  readonly setsockopt: (
    fd: number,
    level: number,
    name: number,
    value: bigint,
    length: number,
  ) => number
  /** `timeout` is always null. */
  readonly recvmmsg: (fd: number, messages: bigint, count: number, flags: number) => number
  readonly sendmmsg: (fd: number, messages: bigint, count: number, flags: number) => number
  readonly sendmsg: (fd: number, message: bigint, flags: number) => number
  readonly close: (fd: number) => number
  /** `time` is the address of a timespec: two 64-bit numbers, seconds and nanoseconds. */
  readonly clock_gettime: (clock: number, time: bigint) => number
  /**
   * Calls `onReadable` while the descriptor has something to read. What it throws goes to `onError`;
   * promises it made run before the event loop waits again.
   */
  readonly poll: (
    fd: number,
    onReadable: () => void,
    onError: (error: unknown) => void,
  ) => PollHandle
}

// Linux numbers, the same on x86-64 and arm64.
export const CLOCK_BOOTTIME = 7
export const AF_INET = 2
export const AF_INET6 = 10
export const AF_PACKET = 17
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
/** SOCK_NONBLOCK | SOCK_CLOEXEC: a child process must not inherit the sockets. */
export const SOCK_FLAGS = 0x800 | 0x80000
export const SOL_SOCKET = 1
export const SO_REUSEADDR = 2
export const SO_BROADCAST = 6
export const SO_RCVBUF = 8
export const SO_REUSEPORT = 15
export const SO_BINDTODEVICE = 25
export const IPPROTO_IP = 0
export const IP_PKTINFO = 8
export const IPPROTO_ICMPV6 = 58
export const IPPROTO_IPV6 = 41
export const IPPROTO_UDP = 17
export const UDP_SEGMENT = 103
export const IPV6_MULTICAST_HOPS = 18
export const IPV6_JOIN_GROUP = 20
export const IPV6_UNICAST_HOPS = 16
export const ICMP6_FILTER = 1
export const MSG_DONTWAIT = 0x40
export const MSG_TRUNC = 0x20

/**
 * The guard around a poll callback: an exception would end the process, and promises made in it would
 * not run before the next ordinary callback, so an empty immediate drains them in this loop turn.
 */
export function guarded(onReadable: () => void, onError: (error: unknown) => void): () => void {
  return () => {
    try {
      onReadable()
    } catch (error) {
      setImmediate(() => onError(error))
    }
    setImmediate(drain)
  }
}

function drain(): void {}
