// The index in front of the router: the same route and parameters as the router itself would find.
import Router from '@koa/router'
import Koa from 'koa'
import t from 'tap'
import { indexRoutes } from '#api/route-index.ts'

const PATTERNS = [
  ['get', '/api/v1/settings/*name'],
  ['put', '/api/v1/settings/*name'],
  ['get', '/api/v1/members'],
  ['delete', '/api/v1/members/:id'],
  ['get', '/site/api/2.0/nodes/:id'],
  ['get', '/site/api/2.0/nodes/:id/parts/:part'],
  ['get', '/site/api/2.0/tags'],
  ['get', '/site/api/2.0{/*rest}'],
  ['get', '/site/:what'],
  ['get', '/status'],
] as const

const REQUESTS = [
  'GET /api/v1/settings/bench%2Fk1',
  'HEAD /api/v1/settings/a/b/c',
  'PUT /API/v1/Settings/x',
  'DELETE /api/v1/settings/x',
  'GET /api/v1/settings',
  'GET /api/v1/members/',
  'GET /api/v1/members',
  'DELETE /api/v1/members/%E4%BD%A0',
  'DELETE /api/v1/members/%zz',
  'GET /site/api/2.0/nodes/7',
  'GET /site/api/2.0/nodes/7/parts/8/',
  'GET /site/api/2.0/nodes/7/other',
  'GET /site/api/2.0/tags/',
  'GET /SITE/api/2.0/tags',
  'GET /site/api/2.0/',
  'GET /site/api/2.0',
  'GET /site/api/2.0nodes',
  'GET /site/api',
  'GET /site/',
  'POST /site/api/2.0/tags',
  'GET /status/',
  'GET //status',
  'GET /',
  `GET ${'/'.repeat(2_000)}`,
]

function makeRouter(): Router {
  const router = new Router()
  for (const [position, [method, pattern]] of PATTERNS.entries()) {
    router[method](pattern, (ctx) => {
      ctx.body = JSON.stringify({ position, params: ctx.params })
    })
  }
  return router
}

async function answers(middleware: Koa.Middleware): Promise<string[]> {
  const found: string[] = []
  for (const request of REQUESTS) {
    const [method = '', path = ''] = request.split(' ')
    const context = { method, path, host: 'example.org', request: {} } as unknown as Koa.Context
    let fellThrough = false
    await middleware(context as Koa.ParameterizedContext, async () => {
      fellThrough = true
    })
    found.push(`${request}: ${fellThrough ? 'nothing' : String(context.body)}`)
  }
  return found
}

t.test('the index finds what the router finds, with the same parameters', async (t) => {
  const found = await answers(indexRoutes(makeRouter()))
  t.strictSame(found, await answers(makeRouter().routes() as unknown as Koa.Middleware))
  t.match(found[0], '{"position":0,"params":{"name":"bench/k1"}}')
  t.match(found[3], 'nothing')
})

t.test('the first declared route wins', async (t) => {
  const router = new Router()
  router.get('/a/:x', (ctx) => (ctx.body = 'first'))
  router.get('/a/b', (ctx) => (ctx.body = 'second'))
  const context = { method: 'GET', path: '/a/b' } as unknown as Koa.ParameterizedContext
  await indexRoutes(router)(context, async () => {})
  t.equal(context.body, 'first')
})
