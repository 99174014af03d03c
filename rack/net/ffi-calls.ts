// `NativeCalls` on Node's built-in FFI (default since 26.9). Imported dynamically: the module is absent
// on older runtimes and under `--no-experimental-ffi`.
import type { WrappedFunctionsFromDefinitions } from 'node:ffi'
import { guarded, type NativeCalls, type PollHandle } from './native-calls.ts'

const UV_POLL = 8
const UV_READABLE = 1

const LIBC = {
  __errno_location: { arguments: [], return: 'pointer' },
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  bind: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
  getsockname: { arguments: ['i32', 'pointer', 'pointer'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
  recvmmsg: { arguments: ['i32', 'pointer', 'u32', 'i32', 'pointer'], return: 'i32' },
  sendmmsg: { arguments: ['i32', 'pointer', 'u32', 'i32'], return: 'i32' },
  // ssize_t, but every length here is far below 2^31.
  sendmsg: { arguments: ['i32', 'pointer', 'i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
  clock_gettime: { arguments: ['i32', 'pointer'], return: 'i32' },
  uv_handle_size: { arguments: ['i32'], return: 'u64' },
  uv_poll_init: { arguments: ['pointer', 'pointer', 'i32'], return: 'i32' },
  uv_poll_start: { arguments: ['pointer', 'i32', 'pointer'], return: 'i32' },
  uv_poll_stop: { arguments: ['pointer'], return: 'i32' },
  uv_unref: { arguments: ['pointer'], return: 'void' },
  uv_close: { arguments: ['pointer', 'pointer'], return: 'void' },
} as const

type Ffi = typeof import('node:ffi')

/** Throws when this runtime has no FFI or lacks a symbol; the caller then tries the next backend. */
export async function loadFfiCalls(): Promise<NativeCalls> {
  const ffi = await import('node:ffi')
  const { lib, functions: libc } = ffi.dlopen(null, LIBC)
  // One location per thread: this object must not leave the thread that made it.
  const errnoAddress = libc.__errno_location()
  return {
    kind: 'ffi',
    addressOf: (buffer) => ffi.getRawPointer(buffer as ArrayBuffer),
    errno: () => ffi.getInt32(errnoAddress),
    socket: libc.socket,
    bind: libc.bind,
    getsockname: libc.getsockname,
    setsockopt: libc.setsockopt,
    recvmmsg: (fd, messages, count, flags) => libc.recvmmsg(fd, messages, count, flags, 0n),
    sendmmsg: libc.sendmmsg,
    sendmsg: libc.sendmsg,
    close: libc.close,
    clock_gettime: libc.clock_gettime,
    poll: (fd, onReadable, onError) => startPoll(ffi, lib, libc, fd, guarded(onReadable, onError)),
  }
}

type Lib = InstanceType<Ffi['DynamicLibrary']>
type Libc = WrappedFunctionsFromDefinitions<typeof LIBC>

/** Handles libuv still holds: their memory must not be collected before the close callback. */
const openHandles = new Set<ArrayBuffer>()

function startPoll(ffi: Ffi, lib: Lib, libc: Libc, fd: number, readable: () => void): PollHandle {
  const memory = new ArrayBuffer(Number(libc.uv_handle_size(UV_POLL)))
  const handle = ffi.getRawPointer(memory)
  const initialised = libc.uv_poll_init(ffi.getCurrentEventLoop(), handle, fd)
  if (initialised !== 0) throw new Error(`uv_poll_init failed: ${initialised}`)
  openHandles.add(memory)
  const onPoll = lib.registerCallback(
    { arguments: ['pointer', 'i32', 'i32'], return: 'void' },
    readable,
  )
  libc.uv_poll_start(handle, UV_READABLE, onPoll)

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= new Promise<void>((resolve) => {
      libc.uv_poll_stop(handle)
      const onClose = lib.registerCallback({ arguments: ['pointer'], return: 'void' }, () => {
        // A callback must not unregister itself while it runs.
        setImmediate(() => {
          lib.unregisterCallback(onClose)
          lib.unregisterCallback(onPoll)
          openHandles.delete(memory)
          resolve()
        })
      })
      libc.uv_close(handle, onClose)
    })
    return closing
  }
  return { close, unref: () => libc.uv_unref(handle) }
}
