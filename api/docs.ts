// The viewer of the OpenAPI documents: one page of ours, in plain JavaScript, that asks nothing of any other host.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type Router from '@koa/router'

const FILES = [
  ['', 'page.html', 'text/html; charset=utf-8'],
  ['/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/viewer.js', 'viewer.js', 'text/javascript; charset=utf-8'],
] as const

/** Nothing but this region, and no script but ours: what is in a document cannot become code. */
const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ')

/** `/MAAS/api/docs` and `/api/docs`; the files are read when they are asked for. */
export function serveDocs(router: Router): void {
  for (const root of ['/MAAS/api/docs', '/api/docs']) {
    for (const [path, file, type] of FILES) {
      router.get(`${root}${path}`, async (ctx) => {
        const text = await readFile(join(import.meta.dirname, 'docs', file), 'utf8')
        ctx.set('Content-Security-Policy', POLICY)
        ctx.set('Referrer-Policy', 'no-referrer')
        ctx.set('Cache-Control', 'no-cache')
        ctx.body = text
        ctx.set('Content-Type', type)
      })
    }
  }
}
