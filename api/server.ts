// The API of a region: the ordered middleware list and the whole route table. Everything served is here.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Router from '@koa/router'
import Koa from 'koa'
import { AppError } from '#model/errors.ts'
import type { Clock, Logger, Random } from '#model/ports.ts'
import type { BackupSource, Region, RegionMembership } from '#node/region.ts'
import type { MetricsRegistry } from '#platform/metrics.ts'
import { Authenticator } from './auth.ts'
import { makeBootFileRoute, type BootFiles, type BootUploads } from './boot-files.ts'
import { describe, type Description } from './describe.ts'
import { serveResource, serveUnknown, type Service } from './dispatch.ts'
import { serveDocs } from './docs.ts'
import { makeEdge } from './error-middleware.ts'
import { Rejection } from './errors.ts'
import { livez, makeMetricsRoute, makeReadyz, makeRpcRoute, makeStatusPage } from './health.ts'
import {
  makeAuthenticate,
  makeCsrf,
  makeLogin,
  makeLoginState,
  makeLogout,
  type LoginParts,
} from './login.ts'
import { makeMetadata } from './metadata/serve.ts'
import { openApi } from './openapi.ts'
import { PasswordChecks } from './password-checks.ts'
import { API_ROOT } from './render/names.ts'
import { makeBodyParser } from './request-body.ts'
import type { Resource } from './resource.ts'
import { ALIASES, allResources } from './resources.ts'
import { indexRoutes } from './route-index.ts'
import * as accessTokens from './v1/access-tokens.ts'
import { AUDIT_QUERY, listAuditEvents } from './v1/audit.ts'
import { makeBackupRoute } from './v1/backup.ts'
import * as cluster from './v1/cluster.ts'
import * as dhcpOptions from './v1/dhcp-options.ts'
import * as tokens from './v1/tokens.ts'
import { EventStreams } from './v1/event-stream.ts'
import { explainAddressRoute } from './v1/explain.ts'
import {
  EXPLAIN_DHCP_QUERY,
  EXPLAIN_NAME_QUERY,
  makeExplainDhcp,
  makeExplainName,
} from './v1/explain-packet.ts'
import type { Explainer } from './v1/explainer.ts'
import * as images from './v1/images.ts'
import { LEASES_QUERY, makeListLeases } from './v1/leases.ts'
import { openApiV1, type Route } from './v1/openapi.ts'
import { PAGE_QUERY, Pages } from './v1/pages.ts'
import * as v1 from './v1/routes.ts'
import * as users from './v1/users.ts'

export type ApiOptions = {
  readonly region: Region
  readonly bootFiles: BootFiles
  readonly bootUploads: BootUploads
  readonly backups: BackupSource
  readonly membership: RegionMembership
  readonly explainer: Explainer
  /** Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  readonly clock: Clock
  readonly random: Random
  /** Of the product; `subversion` of the version resource. */
  readonly version: string
}

export type Api = {
  readonly url: string
  readonly port: number
  /** Streams end, requests under way are answered, then the port is free. */
  readonly close: () => Promise<void>
}

/** Idle keep-alive connections; longer than common proxies keep theirs, so that we are not first. */
const KEEP_ALIVE_MS = 75_000
/** A client must have sent its whole request by then (slow senders hold a socket each). */
const REQUEST_MS = 120_000
const CLOSE_MS = 5_000

/** Throws ADDRESS_IN_USE when the port is taken. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { region, random, clock, logger, metrics } = options
  const { bootFiles: files, bootUploads: uploads } = options
  const store = { files, uploads, wallMs: () => clock.wallMs() }
  const service = { region, random, images: store, authenticator: new Authenticator(region, clock) }
  const resources = allResources(options.version)
  const description = describe(resources)
  const streams = new EventStreams({ service, logger, metrics })

  const app = new Koa()
  app.use(makeEdge({ clock, random, logger, metrics, apiHash: description.hash }))
  app.use(makeMetadata({ region, random, clock, logger }))
  app.use(mergeSlashes)
  app.use(takeOpSuffix)
  app.use(joinCidr)
  app.use(makeBodyParser())
  app.use(indexRoutes(makeRouter({ options, service, resources, description, streams })))
  app.use(serveNothing)
  // Koa prints what fails after the answer began (a client that went away): not worth more than this.
  app.on('error', (error: unknown) =>
    logger.debug('api.connection_failed', { error: textOf(error) }),
  )

  const handle = app.callback()
  const server = createServer((request, response) => void handle(request, response))
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.requestTimeout = REQUEST_MS
  const port = await listen(server, options.listen)
  const { host } = options.listen
  const shown = host.includes(':') ? `[${host}]` : host
  const close = () => {
    streams.closeAll()
    return closeServer(server)
  }
  return { url: `http://${shown}:${port}`, port, close }
}

function makeRouter(parts: {
  readonly options: ApiOptions
  readonly service: Service
  readonly resources: readonly Resource[]
  readonly description: Description
  readonly streams: EventStreams
}): Router {
  const { options, service, resources, description, streams } = parts
  const { region, bootFiles, backups, membership, metrics, logger } = options
  const handle = v1.makeV1(service)
  const login = { service, passwords: new PasswordChecks(options) }
  const router = new Router()

  router.get('/api/v1/settings/*name', handle('user', v1.readSetting))
  router.put('/api/v1/settings/*name', handle('admin', v1.writeSetting))
  router.get('/api/v1/cluster', handle('anyone', v1.clusterStatus))
  router.get('/api/v1/cluster/members', handle('anyone', cluster.makeListMembers(membership)))
  router.delete('/api/v1/cluster/members/:id', handle('admin', cluster.removeMember))
  router.post('/api/v1/cluster/transfer', handle('admin', cluster.makeTransfer(membership)))
  router.post('/api/v1/cluster/tokens', handle('admin', tokens.makeTokenRoute(membership)))
  router.get('/api/v1/cluster/tokens', handle('admin', tokens.listTokens))
  router.delete('/api/v1/cluster/tokens/:id', handle('admin', tokens.revokeToken))
  serveExplain(router, handle, options.explainer)
  const pages = new Pages(options.clock)
  serveDhcpOptions(router, handle, pages)
  serveAccess({ router, handle, login, pages })
  router.get('/api/v1/events', streams.serve)
  router.get('/api/v1/backup', makeBackupRoute({ service, backups, logger }))
  router.get('/api/v1/boot-resources', handle('user', images.listImages))
  router.get('/api/v1/image-import', handle('user', images.readImport))
  router.post('/api/v1/boot-resources', handle('admin', v1.writeBootResource))
  router.put('/api/v1/boot-files/:sha256', handle('admin', v1.makeBootFileUpload(bootFiles)))

  for (const resource of [...resources, ...ALIASES]) {
    const path = resource.path.replaceAll(/\{(\w+)\}/g, ':$1').replace(/\/$/, '')
    router.all(`${API_ROOT}${path}`, serveResource(service, resource))
  }
  router.get(`${API_ROOT}describe`, (ctx) => {
    // Exactly this type: the CLI compares the whole header (maas-api §6).
    ctx.body = description.documentFor(`${ctx.protocol}://${ctx.host}`)
    ctx.res.setHeader('Content-Type', 'application/json')
  })
  const document = JSON.stringify(openApi(resources, options.version))
  // JSON is YAML 1.2 too: MAAS's own name of the document is served with the same bytes.
  for (const name of ['openapi.json', 'openapi.yaml']) {
    router.get(`${API_ROOT}${name}`, (ctx) => sendDocument(ctx, document))
  }
  router.get('/MAAS/api/version', (ctx) => sendText(ctx, '2.0'))
  router.all('/MAAS/api/1.0{/*rest}', gone)
  router.all('/MAAS/api/2.0{/*rest}', serveUnknown(API_ROOT))
  router.post('/MAAS/accounts/authenticate', makeAuthenticate(login))
  router.get('/MAAS/accounts/login', makeLoginState(login))
  router.post('/MAAS/accounts/login', makeLogin(login))
  router.post('/MAAS/accounts/logout', makeLogout(login))
  router.all('/MAAS/account/csrf', makeCsrf(login))
  router.all('/MAAS/boot-resources/:sha256', makeBootFileRoute(bootFiles))
  router.get('/MAAS/rpc', makeRpcRoute(region))

  serveDocs(router)
  router.get('/api/v1/openapi.json', (ctx) => sendDocument(ctx, documentV1))
  const documentV1 = JSON.stringify(openApiV1(routesUnder(router, '/api/v1/'), options.version))
  router.get('/healthz', livez)
  router.get('/livez', livez)
  router.get('/readyz', makeReadyz(region))
  router.get('/metrics', makeMetricsRoute(metrics))
  router.get('/status', makeStatusPage(region))
  return router
}

/** Why something is so, or would be. */
function serveExplain(
  router: Router,
  handle: ReturnType<typeof v1.makeV1>,
  explainer: Explainer,
): void {
  const packet = { query: EXPLAIN_DHCP_QUERY }
  const name = { query: EXPLAIN_NAME_QUERY }
  router.get('/api/v1/explain/address/:ip', handle('user', explainAddressRoute))
  router.get('/api/v1/explain/dhcp', handle('user', makeExplainDhcp(explainer), packet))
  router.get('/api/v1/explain/name/:fqdn', handle('user', makeExplainName(explainer), name))
}

function serveDhcpOptions(
  router: Router,
  handle: ReturnType<typeof v1.makeV1>,
  pages: Pages,
): void {
  const list = dhcpOptions.makeListDhcpOptions(pages)
  const query = { query: dhcpOptions.DHCP_OPTION_QUERY }
  const one = '/api/v1/dhcp-options/:scope/:code'
  router.get('/api/v1/dhcp-options', handle('user', list, query))
  router.get(one, handle('user', dhcpOptions.readDhcpOption))
  router.put(one, handle('admin', dhcpOptions.writeDhcpOption))
  router.delete(one, handle('admin', dhcpOptions.deleteDhcpOption))
}

/** Who may come in: tokens, users and what they did. */
function serveAccess(parts: {
  readonly router: Router
  readonly handle: ReturnType<typeof v1.makeV1>
  readonly login: LoginParts
  readonly pages: Pages
}): void {
  const { router, handle, login, pages } = parts
  const list = { query: PAGE_QUERY }
  const own = { scope: 'admin' } as const
  router.post('/api/v1/access-tokens', handle('user', accessTokens.createAccessToken, own))
  router.get(
    '/api/v1/access-tokens',
    handle('user', accessTokens.makeListAccessTokens(pages), list),
  )
  router.get('/api/v1/access-tokens/:id', handle('user', accessTokens.readAccessToken))
  router.patch('/api/v1/access-tokens/:id', handle('user', accessTokens.patchAccessToken, own))
  router.delete('/api/v1/access-tokens/:id', handle('user', accessTokens.deleteAccessToken, own))
  router.get('/api/v1/users', handle('admin', users.makeListUsers(pages), list))
  router.get('/api/v1/users/:username', handle('admin', users.readUser))
  router.patch('/api/v1/users/:username', handle('admin', users.patchUser))
  const change = users.makeChangePassword(login.passwords)
  router.put('/api/v1/account/password', handle('user', change, own))
  router.get('/api/v1/leases', handle('admin', makeListLeases(pages), { query: LEASES_QUERY }))
  router.get('/api/v1/audit-events', handle('admin', listAuditEvents, { query: AUDIT_QUERY }))
}

/** The proxy in front of MAAS does it, and Ansible's collection asks for `subnets//3/`. */
const mergeSlashes: Koa.Middleware = (ctx, next) => {
  if (ctx.path.includes('//')) ctx.path = ctx.path.replaceAll(/\/{2,}/g, '/')
  return next()
}

/** `…/op-update_nodes` is `…?op=update_nodes` (maas-api §2). */
const takeOpSuffix: Koa.Middleware = (ctx, next) => {
  const at = ctx.path.lastIndexOf('/op-')
  if (at > 0 && ctx.path.startsWith(API_ROOT)) {
    ctx.state['op'] = ctx.path.slice(at + 4).replace(/\/$/, '')
    ctx.path = `${ctx.path.slice(0, at)}/`
  }
  return next()
}

/** `subnets/192.0.2.0/24/` names one subnet, as in MAAS: its CLI writes CIDRs into paths as they are. */
const joinCidr: Koa.Middleware = (ctx, next) => {
  const [, subnet, bits] = CIDR_PATH.exec(ctx.path) ?? []
  if (bits !== undefined) ctx.path = `${subnet}%2F${bits}/`
  return next()
}
const CIDR_PATH = new RegExp(`^(${API_ROOT}subnets/[^/]+)/(\\d{1,3})/?$`)

const gone: Koa.Middleware = (ctx) => {
  sendText(ctx, 'The 1.0 API is no longer available. Please use API version 2.0.')
  ctx.status = 410
}

const serveNothing: Koa.Middleware = () => {
  throw new Rejection('NOT_FOUND', 'Not Found')
}

/** What the router serves, `HEAD` left out: it comes with every GET. */
function routesUnder(router: Router, prefix: string): readonly Route[] {
  return router.stack.flatMap(({ path, methods }) =>
    methods
      .filter((method) => method !== 'HEAD' && String(path).startsWith(prefix))
      .map((method) => ({ method, path: String(path) })),
  )
}

function sendDocument(ctx: Koa.Context, document: string): void {
  ctx.set('Content-Type', 'application/json')
  ctx.body = document
}

function sendText(ctx: Koa.Context, text: string): void {
  ctx.set('Content-Type', 'text/plain; charset=utf-8')
  ctx.body = text
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function listen(server: Server, at: ApiOptions['listen']): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${at.host}:${at.port}`
      const inUse = cause.code === 'EADDRINUSE'
      const message = inUse ? `${where} is in use.` : `Cannot listen on ${where}.`
      reject(new AppError(inUse ? 'ADDRESS_IN_USE' : 'INTERNAL', message, { cause }))
    })
    server.listen({ host: at.host, port: at.port, backlog: 1_024 }, () => {
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}
