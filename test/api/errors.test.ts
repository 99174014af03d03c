// The one table code → HTTP, what a client sees of a failure, and the document of all codes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HTTP_ERRORS, maasBody, problemBody, Rejection, toRejection } from '#api/errors.ts'
import { AppError, ERROR_CODES } from '#model/errors.ts'
import { startTestApi } from './support/api.ts'

t.test('every code is explained in the README with meaning, cause and remedy', async (t) => {
  const readme = readFileSync(join(import.meta.dirname, '../../api/README.md'), 'utf8')
  const rows = readme.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const code of ERROR_CODES) {
    const cells = rows.find(([, first]) => first === `\`${code}\``) ?? []
    t.equal(cells.length, 7, `${code} has a row`)
    t.equal(cells[2], String(HTTP_ERRORS[code].status), `${code} has its status`)
    for (const cell of cells.slice(3, 6)) t.ok(cell.length > 5, `${code}: ${cell}`)
  }
})

t.test('what is worth asking again says when', async (t) => {
  for (const code of ERROR_CODES) {
    const rejection = new Rejection(code, 'x')
    t.equal([429, 503].includes(rejection.status), rejection.retryAfterSeconds !== undefined, code)
  }
})

t.test('an unknown failure shows nothing of itself', async (t) => {
  const rejection = toRejection(new Error('password=hunter2 at /srv/x.ts:1'))
  t.equal(rejection.status, 500)
  t.notMatch(maasBody(rejection).text, /hunter2|\.ts/)
  t.notMatch(problemBody(rejection, 'id').text, /hunter2|\.ts/)
})

t.test('details and causes of an AppError stay inside', async (t) => {
  const error = new AppError('TIMEOUT', 'Too slow.', {
    cause: new Error('inner'),
    details: { a: 1 },
  })
  t.equal(maasBody(toRejection(error)).text, 'Too slow.')
})

t.test('a bug in the region is 500, logged with its request id', async (t) => {
  const api = await startTestApi(t)
  api.region.read = async () => {
    throw new TypeError('cannot read x of undefined')
  }
  const answer = await api.get('users/', { headers: { 'x-request-id': 'find-me' } })
  t.equal(answer.status, 500)
  t.notMatch(answer.text, /cannot read|at .*\.ts/)
  const line = api.logs.find((text) => text.includes('api.request_failed')) ?? '{}'
  t.match(JSON.parse(line), { level: 'error', request_id: 'find-me', error_code: 'INTERNAL' })
})
