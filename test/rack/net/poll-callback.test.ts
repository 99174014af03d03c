// Two traps of poll callbacks, each in a process of its own. A promise made in one does not run before the
// next ordinary callback unless the adapter sees to it. A worker that ends with an open poll handle takes the process down (measured: rc 134 and 139), so the
// rule is: close, await, then end. This proves the rule is enough, in a child process of its own.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const SOCKETS = pathToFileURL(join(import.meta.dirname, '../../../rack/net/sockets.ts')).href

const program = (backend: string): string => `
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
if (isMainThread) {
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(fileURLToPath(import.meta.url))
    const code = await new Promise((resolve) => worker.once('exit', resolve))
    console.log('worker ended', code)
  }
  console.log('main alive')
} else {
  const { openSockets } = await import(${JSON.stringify(SOCKETS)})
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet }
  const sockets = await openSockets({ only: ${JSON.stringify(backend)}, logger: quiet })
  const socket = await sockets.openUdp({ address: 0x7f000001, port: 0 })
  const seen = new Promise((resolve) => socket.onDatagram(resolve))
  socket.send(Uint8Array.of(1), { address: 0x7f000001, port: socket.port })
  socket.flush()
  await seen
  await socket.close()
  process.exit(sockets.backend === ${JSON.stringify(backend)} ? 7 : 8)
}
`

for (const backend of ['ffi', 'koffi'] as const) {
  t.test(
    `${backend}: workers that closed their socket end without taking the process along`,
    async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'ironraft-net-'))
      t.teardown(() => rmSync(directory, { recursive: true }))
      const file = join(directory, 'program.mjs')
      writeFileSync(file, program(backend))
      const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 })
      t.equal(stdout, `${'worker ended 7\n'.repeat(3)}main alive\n`)
    },
  )
}

const promising = (backend: string): string => `
const { openSockets } = await import(${JSON.stringify(SOCKETS)})
const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet }
const sockets = await openSockets({ only: ${JSON.stringify(backend)}, logger: quiet })
const socket = await sockets.openUdp({ address: 0x7f000001, port: 0 })
let ran = 'after the timer'
socket.onDatagram(() => void Promise.resolve().then(() => (ran = 'before the timer')))
setTimeout(() => {
  console.log(ran)
  void socket.close()
}, 300)
socket.send(Uint8Array.of(1), { address: 0x7f000001, port: socket.port })
socket.flush()
`

for (const backend of ['ffi', 'koffi'] as const) {
  t.test(
    `${backend}: a promise made in a handler runs without waiting for another event`,
    async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'ironraft-net-'))
      t.teardown(() => rmSync(directory, { recursive: true }))
      const file = join(directory, 'program.mjs')
      writeFileSync(file, promising(backend))
      const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 })
      t.equal(stdout, 'before the timer\n')
    },
  )
}
