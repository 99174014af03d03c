import t from 'tap'
import { Inflights } from '#raft/inflights.ts'

t.test('the window is full by messages or by bytes, and freed by acknowledged index', (t) => {
  const window = new Inflights({ messagesMax: 3, bytesMax: 100 })
  window.add(10, 30)
  window.add(20, 30)
  t.equal(window.isFull, false)
  window.add(30, 1)
  t.equal(window.isFull, true, 'three messages')
  window.freeTo(9)
  t.equal(window.count, 3, 'no message ends at or before 9')
  window.freeTo(20)
  t.equal(window.count, 1)
  window.add(40, 200)
  t.equal(window.isFull, true, '201 bytes')
  window.clear()
  t.match(window, { count: 0, isFull: false })
  t.end()
})

t.test('nothing is added to a full window, and never out of order', (t) => {
  const window = new Inflights({ messagesMax: 2, bytesMax: 100 })
  window.add(5, 1)
  t.throws(() => window.add(5, 1))
  window.add(6, 1)
  t.throws(() => window.add(7, 1), /full window/)
  t.end()
})

t.test('the queue does not grow while messages come and go', (t) => {
  const window = new Inflights({ messagesMax: 8, bytesMax: 1_000 })
  for (let index = 1; index <= 10_000; index++) {
    window.add(index, 10)
    window.freeTo(index - 3)
  }
  t.equal(window.count, 3)
  t.equal(window.isFull, false)
  t.end()
})
