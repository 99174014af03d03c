// The rack's HTTP server: boot scripts, boot loaders, images, and the regions' API behind `/MAAS/`. Boot
// firmware is simple: no redirects, Content-Length always, doubled slashes mean one (shim, cloud-init).
import { createServer, type Server } from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import type { Context, Next } from 'koa'
import { parseIpv4 } from '#model/ipv4.ts'
import type { BootFile, MachineBoot } from '#model/boot.ts'
import type { Logger, Metrics } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { BootEvent } from '#rack/boot-events.ts'
import type { RackView } from '#rack/view.ts'
import { bootScript } from './boot-script.ts'
import { limitConnections } from './connection-limits.ts'
import type { ImageCache } from './image-cache.ts'
import { answerHeaders, type RegionProxy } from './proxy.ts'
import { matchesEtag, parseRange } from './range.ts'
import { RequestBodies } from './request-bodies.ts'

export type RackHttpOptions = {
  readonly address: string
  /** 0 lets the kernel choose. */
  readonly port: number
  readonly view: RackView
  readonly images: ImageCache
  readonly proxy: RegionProxy
  readonly readBootFile: (name: string) => Promise<Uint8Array | undefined>
  readonly onBootEvent: (event: BootEvent) => void
  /** JSON of `GET /status`. */
  readonly status: () => Readonly<Record<string, unknown>>
  /** Prometheus text of `GET /metrics`. */
  readonly exposeMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** Of connections on which nothing happens. */
  readonly idleMs?: number
  readonly logger: Logger
  readonly metrics: Metrics
}

export type RackHttp = { readonly port: number; readonly close: () => Promise<void> }

/** Rejects with the system's error (`EADDRINUSE`, `EACCES`). */
export async function startRackHttp(options: RackHttpOptions): Promise<RackHttp> {
  const app = new Koa()
  // What breaks off in the middle of an answer is the client's or the network's doing.
  app.on('error', (error: unknown) => {
    options.logger.debug('http.request_failed', { error: describeError(error) })
  })
  app.use((ctx, next) => count(ctx, next, options.metrics))
  app.use((ctx, next) => guard(ctx, next, options.logger))
  app.use((ctx, next) => {
    ctx.path = ctx.path.replaceAll(/\/{2,}/g, '/')
    return next()
  })
  app.use(routes(options).routes())
  const bodies = new RequestBodies()
  app.use((ctx, next) => (isOfRegions(ctx.path) ? proxied(ctx, options, bodies) : next()))
  const handle = app.callback()
  const server = createServer(
    { requestTimeout: 120_000, headersTimeout: 10_000 },
    (request, response) => {
      void handle(request, response)
    },
  )
  limitConnections(server, options.idleMs)
  const port = await listen(server, options.address, options.port)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Also once `..`, which a URL resolves, is resolved. */
function isOfRegions(path: string): boolean {
  return URL.parse(path, 'http://region')?.pathname.startsWith('/MAAS/') === true
}

function routes(options: RackHttpOptions): Router {
  const { view, images } = options
  const router = new Router()
  router.get('/status', (ctx) => {
    ctx.body = options.status()
  })
  router.get('/metrics', async (ctx) => {
    const { contentType, text } = await options.exposeMetrics()
    ctx.body = text
    ctx.set('Content-Type', contentType)
  })
  router.get('/boot/:file', (ctx) => serveBootFile(ctx, options, ctx.params['file'] ?? ''))
  router.get('/images/:sha256/:name', async (ctx) => {
    const file = findFile(view, ctx.params['sha256'] ?? '')
    if (file === undefined) return
    await serveImage(ctx, file, images)
    record(ctx, options, { kind: 'http', machine: clientMachine(ctx, view) })
  })
  router.get(/^\/(?:ipxe\.cfg.*|pxelinux\.cfg\/.+|grub\/.+)$/, (ctx) => {
    const path = decodeURIComponent(ctx.path.slice(1))
    const script = bootScript(path, baseUrl(ctx), view)
    if (script === undefined) return
    ctx.type = 'text/plain; charset=utf-8'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = script.text
    record(ctx, options, { kind: 'pxe', machine: script.machine })
  })
  // PXELINUX puts option 210 before the bare names of its modules.
  router.get(/^\/[^/]+\.c32$/, (ctx) => serveBootFile(ctx, options, ctx.path.slice(1)))
  return router
}

/** Only files of the cluster's boot resources exist: a made-up digest costs no region a search. */
export function findFile(view: RackView, sha256: string): BootFile | undefined {
  for (const { files, retired } of view.table('bootResources').values()) {
    // Also those of an image that was replaced while a machine boots from it.
    const all = retired === undefined ? files : [...files, ...retired.files]
    const file = all.find((each) => each.sha256 === sha256)
    if (file !== undefined) return file
  }
  return undefined
}

async function serveBootFile(ctx: Context, options: RackHttpOptions, name: string): Promise<void> {
  const bytes = await options.readBootFile(name)
  if (bytes === undefined) return
  ctx.type = 'application/efi'
  ctx.body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  record(ctx, options, { kind: 'http', machine: clientMachine(ctx, options.view) })
}

async function serveImage(ctx: Context, file: BootFile, images: ImageCache): Promise<void> {
  const etag = `"${file.sha256}"`
  ctx.set('ETag', etag)
  ctx.set('Accept-Ranges', 'bytes')
  ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
  ctx.type = 'application/octet-stream'
  if (matchesEtag(ctx.get('If-None-Match') || undefined, etag)) {
    ctx.status = 304
    return
  }
  // If-Range (RFC 9110 §13.1.5): the part only of the very same file.
  const ifRange = ctx.get('If-Range')
  const header = ifRange === '' || ifRange === etag ? ctx.get('Range') : ''
  const range = ctx.method === 'GET' ? parseRange(header, file.sizeBytes) : undefined
  if (range === 'unsatisfiable') {
    ctx.status = 416
    ctx.set('Content-Range', `bytes */${file.sizeBytes}`)
    ctx.body = ''
    return
  }
  const image = await images.open(file)
  if (image === undefined) {
    ctx.remove('ETag')
    ctx.remove('Cache-Control')
    ctx.throw(503, 'No region could give this file yet.', { headers: { 'Retry-After': '5' } })
  }
  const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 }
  ctx.status = range === undefined ? 200 : 206
  if (range !== undefined) ctx.set('Content-Range', `bytes ${start}-${end}/${file.sizeBytes}`)
  if (ctx.method === 'HEAD' || file.sizeBytes === 0) {
    await image.close()
    ctx.body = Buffer.alloc(0)
  } else {
    ctx.body = image.stream(start, end)
  }
  ctx.length = end - start + 1
}

async function proxied(
  ctx: Context,
  { proxy, logger }: RackHttpOptions,
  bodies: RequestBodies,
): Promise<void> {
  const gone = new AbortController()
  ctx.res.once('close', () => gone.abort())
  const answer = await bodies.with(ctx, clientAddress(ctx), (body) =>
    proxy.forward({
      method: ctx.method,
      url: `${ctx.path}${ctx.search}`,
      headers: ctx.req.headers,
      body,
      clientAddress: clientAddress(ctx),
      signal: gone.signal,
    }),
  )
  if (answer === undefined) {
    ctx.throw(503, 'No region can be reached from this rack.', { headers: { 'Retry-After': '2' } })
  }
  ctx.status = answer.statusCode ?? 502
  const { method, status } = ctx
  logger.debug('http.proxied', { method, status, url: `${ctx.path}${ctx.search}`.slice(0, 300) })
  ctx.body = answer
  // After the body: Koa sets a type of its own for streams.
  ctx.remove('Content-Type')
  ctx.set(answerHeaders(answer))
}

async function guard(ctx: Context, next: Next, logger: Logger): Promise<void> {
  try {
    await next()
  } catch (error) {
    const { status, expose, headers } = error as {
      readonly status?: number
      readonly expose?: boolean
      readonly headers?: Record<string, string>
    }
    const known = typeof status === 'number' && status >= 400 && status < 600
    if (!known) logger.error('http.request_broke', { path: ctx.path, error: describeError(error) })
    ctx.status = known ? status : error instanceof URIError ? 400 : 500
    ctx.set(headers ?? {})
    ctx.body = `${known && (expose === true || status === 503) ? describeError(error) : 'The rack failed to answer.'}\n`
  }
}

async function count(ctx: Context, next: Next, metrics: Metrics): Promise<void> {
  await next()
  metrics.count('ironraft_rack_http_requests_total', { code: String(ctx.status) })
}

function record(
  ctx: Context,
  options: RackHttpOptions,
  event: { readonly kind: BootEvent['kind']; readonly machine: MachineBoot | undefined },
): void {
  if (ctx.method !== 'GET') return
  options.onBootEvent({ ...event, description: ctx.path })
}

/** This rack as the client reached it: what it asked for, else the address its packets came to. */
function baseUrl(ctx: Context): string {
  if (/^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/.test(ctx.host)) return `http://${ctx.host}`
  const { localAddress, localPort } = ctx.req.socket
  return `http://${localAddress?.replace(/^::ffff:/, '') ?? 'localhost'}:${localPort ?? 80}`
}

function clientAddress(ctx: Context): string {
  return (ctx.req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
}

function clientMachine(ctx: Context, view: RackView): MachineBoot | undefined {
  const ip = parseIpv4(clientAddress(ctx))
  return ip === undefined ? undefined : view.machineOfAddress(ip)
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.removeListener('error', reject)
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
    })
  })
}
