// A rack's HTTP server with an image, a machine and regions that behave as told.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { BootEvent } from '#rack/boot-events.ts'
import { ImageCache } from '#rack/http/image-cache.ts'
import { RegionProxy } from '#rack/http/proxy.ts'
import { startRackHttp } from '#rack/http/server.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeImageSource, type SourceManner } from '#test/support/image-source.ts'
import { holdRow, machineRow, makeView, resourceRow, settingsRow } from '#test/support/rack-view.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

export const KERNEL = Buffer.from(seededRandom(3).bytes(200_000))
export const SHA256 = createHash('sha256').update(KERNEL).digest('hex')
export const MAC = '52:54:00:ab:cd:ef'
const BOOT_FILES = new Map([
  ['snponly.efi', Uint8Array.from(Buffer.from('loader'))],
  ['ldlinux.c32', Uint8Array.from(Buffer.from('module'))],
])

type Rig = {
  readonly regionApis?: readonly string[]
  readonly images?: SourceManner
  readonly timeouts?: {
    readonly connectMs?: number
    readonly firstTryMs?: number
    readonly idleMs?: number
  }
  readonly idleMs?: number
}

export async function makeRack(t: Test, rig: Rig = {}) {
  const { logger, lines } = makeLogRecorder()
  const metrics = makeCountingMetrics()
  const source = await makeImageSource(t, KERNEL, rig.images ?? 'honest')
  const file = { filename: 'f', sha256: SHA256, sizeBytes: KERNEL.length }
  const view = makeView([
    settingsRow({ regionApis: rig.regionApis ?? [] }),
    resourceRow([
      { ...file, kind: 'boot-kernel' },
      { ...file, kind: 'boot-initrd' },
    ]),
    machineRow('abc346', [MAC]),
    holdRow('127.0.0.1', MAC),
  ])
  const dir = await temporaryDirectory(t)
  const sources = () => [source.url]
  const images = new ImageCache({ dir, bytesMax: 1e9, sources, logger, metrics, idleMs: 200 })
  await images.start()
  const proxy = new RegionProxy({
    regionApis: () => view.settings()?.regionApis ?? [],
    logger,
    metrics,
    timeouts: { connectMs: 500, firstTryMs: 200, lastTryMs: 2_000, ...rig.timeouts },
  })
  const events: BootEvent[] = []
  const http = await startRackHttp({
    address: '127.0.0.1',
    port: 0,
    view,
    images,
    proxy,
    readBootFile: async (name) => BOOT_FILES.get(name),
    onBootEvent: (event) => events.push(event),
    status: () => ({ rack_id: 'abc346' }),
    exposeMetrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
    logger,
    metrics,
    ...(rig.idleMs === undefined ? {} : { idleMs: rig.idleMs }),
  })
  t.teardown(async () => {
    await http.close()
    proxy.close()
    await images.close()
  })
  const base = `http://127.0.0.1:${http.port}`
  const get = (path: string, init: RequestInit = {}) =>
    fetch(base + path, { redirect: 'error', ...init })
  return { base, port: http.port, get, events, lines, source, view }
}

/** A region that tells what it was asked, or behaves as `answer` says. */
export async function makeRegion(
  t: Test,
  answer: 'echo' | 'never' | 'reset' | 'unavailable' | 'halts' = 'echo',
): Promise<{ readonly url: string; readonly requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (answer === 'never') return
    if (answer === 'halts') {
      response.writeHead(200, { 'Content-Length': '10' }).write('half')
      return
    }
    if (answer === 'reset') {
      request.socket.destroy()
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(answer === 'unavailable' ? 503 : 201, {
        'Content-Type': 'application/json',
        'Retry-After': '3',
        'X-Seen': 'yes',
      })
      const { method, url, headers } = request
      response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
