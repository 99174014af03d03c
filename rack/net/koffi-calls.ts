// `NativeCalls` on the npm package koffi, for runtimes without `node:ffi`.
import type { NativeCalls } from './native-calls.ts'
import { guarded } from './native-calls.ts'

/** Throws when the package or its prebuilt part is missing. */
export async function loadKoffiCalls(): Promise<NativeCalls> {
  const { default: koffi } = await import('koffi')
  const libc = koffi.load(null)
  const recvmmsg = libc.func('recvmmsg', 'int', ['int', 'uint64_t', 'uint', 'int', 'uint64_t'])
  return {
    kind: 'koffi',
    addressOf: (buffer) => BigInt(koffi.address(buffer)),
    errno: () => koffi.errno(),
    socket: libc.func('socket', 'int', ['int', 'int', 'int']),
    bind: libc.func('bind', 'int', ['int', 'uint64_t', 'uint']),
    getsockname: libc.func('getsockname', 'int', ['int', 'uint64_t', 'uint64_t']),
    setsockopt: libc.func('setsockopt', 'int', ['int', 'int', 'int', 'uint64_t', 'uint']),
    recvmmsg: (fd, messages, count, flags) => recvmmsg(fd, messages, count, flags, 0),
    sendmmsg: libc.func('sendmmsg', 'int', ['int', 'uint64_t', 'uint', 'int']),
    sendmsg: libc.func('sendmsg', 'int64_t', ['int', 'uint64_t', 'int']),
    close: libc.func('close', 'int', ['int']),
    clock_gettime: libc.func('clock_gettime', 'int', ['int', 'uint64_t']),
    poll: (fd, onReadable, onError) => {
      const handle = koffi.node.poll(fd, guarded(onReadable, onError))
      let closing: Promise<void> | undefined
      const close = (): Promise<void> => {
        // koffi closes the handle at once and frees it in libuv's close phase, which comes before the
        // immediate of the next loop turn.
        closing ??= new Promise<void>((resolve) => {
          handle.stop()
          handle.close()
          setImmediate(() => setImmediate(resolve))
        })
        return closing
      }
      return { close, unref: () => handle.unref() }
    },
  }
}
