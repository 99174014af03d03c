import t from 'tap'
import { matchesEtag, parseRange } from '#rack/http/range.ts'

t.test('ranges of RFC 9110 §14', (t) => {
  const cases: readonly (readonly [string | undefined, ReturnType<typeof parseRange>])[] = [
    [undefined, undefined],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=10-19', { start: 10, end: 19 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=90-500', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-500', { start: 0, end: 99 }],
    ['Bytes = 1 - 2', { start: 1, end: 2 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=20-10', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,5-6', undefined],
    ['lines=0-1', undefined],
    ['bytes=x-y', undefined],
  ]
  for (const [header, expected] of cases)
    t.strictSame(parseRange(header, 100), expected, header ?? 'none')
  t.equal(parseRange('bytes=0-', 0), 'unsatisfiable')
  t.equal(parseRange('bytes=-1', 0), 'unsatisfiable')
  t.end()
})

t.test('If-None-Match', (t) => {
  t.equal(matchesEtag(undefined, '"a"'), false)
  t.equal(matchesEtag('"a"', '"a"'), true)
  t.equal(matchesEtag('"b", W/"a"', '"a"'), true)
  t.equal(matchesEtag('*', '"a"'), true)
  t.equal(matchesEtag('"b"', '"a"'), false)
  t.end()
})
