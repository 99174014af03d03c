import t from 'tap'
import { layoutOf } from '#tools/commands/region-recover.ts'

const node = {
  ...{ id: 'abcdef', host: '192.0.2.1', port: 5250, apiUrl: 'http://192.0.2.1:5240' },
  ...{ directory: 'node-1', apiPort: 5240 },
}

t.test('what is recovered listens where the node did', async (t) => {
  t.same(layoutOf('/data', node), {
    ...{ directory: '/data', nodeCount: 1, host: '192.0.2.1', apiPort: 5240, peerPort: 5250 },
    advertise: null,
  })
})

t.test('reached through a forwarder, it listens behind it as before', async (t) => {
  // It once listened on the forwarder's address: in use, or not of this host.
  const behind = { ...node, listen: { host: '127.0.0.1', port: 7000 } }
  t.same(layoutOf('/data', behind), {
    ...{ directory: '/data', nodeCount: 1, host: '127.0.0.1', apiPort: 5240, peerPort: 7000 },
    advertise: { host: '192.0.2.1', port: 5250 },
  })
})
