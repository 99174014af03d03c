// Opens the door to a lab's API (`door.ts`): listens on this host's loopback and hands the sockets to a process in the
// namespace of the regions.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { expectFree } from '../free-port.ts'
import { recordPid } from '../node-process.ts'
import { type Lab, REGION_ADDRESS } from './plan.ts'

const DOOR = join(import.meta.dirname, 'door.ts')
const HOST = '127.0.0.1'

/** Throws ADDRESS_IN_USE. */
export async function expectFreeDoor({ regions }: Lab): Promise<void> {
  for (const { url } of regions) await expectFree(HOST, Number(new URL(url).port))
}

export async function startDoor(
  lab: Lab,
  files: { readonly log: string; readonly pidFile: string },
): Promise<void> {
  await expectFreeDoor(lab)
  await mkdir(dirname(files.log), { recursive: true, mode: 0o700 })
  const log = await open(files.log, 'a', 0o600)
  const ports = lab.regions.map(({ port }) => String(port))
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', DOOR, REGION_ADDRESS]
  const child = spawn('ip', ['netns', 'exec', lab.regionNamespace, ...words, ...ports], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  })
  await log.close()
  if (child.pid !== undefined) await recordPid(files.pidFile, child.pid)
  for (const { url } of lab.regions) {
    const server = await listen(Number(new URL(url).port))
    await hand(child, server)
    // The child has it now.
    server.close()
  }
  child.disconnect()
  child.unref()
}

async function listen(port: number): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, resolve)
  })
  return server
}

async function hand(child: ChildProcess, server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => {
      reject(new AppError('INTERNAL', `The door to the lab ended at its start (${code}).`))
    })
    child.send('socket', server, (error) => {
      if (error !== null) reject(error)
    })
  })
}
