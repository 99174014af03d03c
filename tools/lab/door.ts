// The door to a lab's API: `node door.ts HOST PORT…`, run in the namespace of the regions. It is given sockets that
// listen on the host's loopback, in the order of the ports, and passes every connection on. So the host needs no
// interface, address or route of the lab.
import { connect, type Server, type Socket } from 'node:net'
import { pipeline } from 'node:stream'

const [host = '', ...ports] = process.argv.slice(2)
let opened = 0

process.on('message', (_message, handle) => {
  const port = Number(ports[opened])
  opened += 1
  const server = handle as Server
  server.on('connection', (socket) => passOn(socket, port))
  process.send?.('open')
})

function passOn(from: Socket, port: number): void {
  const to = connect({ host, port })
  // A side that breaks takes the other with it: the client sees what the region did.
  const ended = (): void => {}
  pipeline(from, to, ended)
  pipeline(to, from, ended)
}
