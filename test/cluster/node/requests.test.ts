import t from 'tap'
import { Requests } from '#node/requests.ts'

t.test('sequences count up and answeredBelow is the oldest under way', (t) => {
  const requests = new Requests('n.1')
  t.same(requests.begin(), { session: 'n.1', sequence: 1, answeredBelow: 1 })
  t.same(requests.begin(), { session: 'n.1', sequence: 2, answeredBelow: 1 })
  requests.end(1)
  t.same(requests.begin(), { session: 'n.1', sequence: 3, answeredBelow: 2 })
  t.end()
})

t.test('an answer out of order keeps the older one remembered', (t) => {
  const requests = new Requests('n.1')
  requests.begin()
  requests.begin()
  requests.end(2)
  t.equal(requests.begin().answeredBelow, 1)
  t.equal(requests.underWay, 2)
  t.end()
})
