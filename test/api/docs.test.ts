// The viewer of the API's documents: served by the region, asking nobody else for anything.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startTestApi } from './support/api.ts'

const FOLDER = join(import.meta.dirname, '../../api/docs')
const TYPES = { '': 'text/html', '/style.css': 'text/css', '/viewer.js': 'text/javascript' }

t.test(
  'the viewer is there without a key, at both addresses, and may load nothing else',
  async (t) => {
    const api = await startTestApi(t)
    api.region.failWith('NO_QUORUM')
    for (const root of ['/MAAS/api/docs', '/api/docs']) {
      for (const [path, type] of Object.entries(TYPES)) {
        const { status, headers, text } = await api.get(`${root}${path}`, { key: null })
        t.equal(status, 200, `${root}${path}`)
        t.equal(headers.get('content-type'), `${type}; charset=utf-8`)
        const policy = headers.get('content-security-policy') ?? ''
        t.match(
          policy,
          /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/,
        )
        t.notMatch(text, /https?:\/\/|\bsrc="\/\/|@import|innerHTML|insertAdjacentHTML|\beval\b/)
      }
      t.equal((await api.get(`${root}/`, { key: null })).status, 200, 'with a slash at the end')
      t.equal((await api.get(`${root}/../server.ts`, { key: null })).status, 404)
    }
  },
)

t.test('everything the page and its script ask for is served', async (t) => {
  const api = await startTestApi(t)
  const page = (await api.get('/MAAS/api/docs', { key: null })).text
  const script = (await api.get('/MAAS/api/docs/viewer.js', { key: null })).text
  const links = [
    ...page.matchAll(/(?:href|src)="(\/[^"]*)"/g),
    ...script.matchAll(/url: '([^']+)'/g),
  ]
  t.ok(links.length >= 6)
  for (const [, link = ''] of links) {
    t.equal((await api.get(link, { key: null })).status, 200, link)
  }
  for (const [, id = ''] of script.matchAll(/\$\('(\w+)'\)/g)) t.match(page, `id="${id}"`)
})

t.test('the script of the viewer is a script', async (t) => {
  const check = promisify(execFile)(process.execPath, ['--check', join(FOLDER, 'viewer.js')])
  await t.resolves(check)
})
