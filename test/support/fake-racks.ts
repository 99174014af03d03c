// HTTP servers in place of racks, which die, fall silent or lie when a test says so.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

export type Asked = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Listener = (asked: Asked, response: ServerResponse) => void

export type FakeRack = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly asked: Asked[]
  /** What it does with the next requests. */
  listener: Listener
  /** Open connections break, new ones are refused. */
  readonly die: () => void
}

export async function fakeRack(t: Test, listener: Listener): Promise<FakeRack> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void buffer(request)
      .catch(() => Buffer.alloc(0))
      .then((body) => {
        const { method = '', url = '', headers } = request
        asked.push({ method, url, headers, body: body.toString('latin1') })
        rack.listener({ method, url, headers, body: body.toString('latin1') }, response)
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const rack: FakeRack = {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, listener },
    die: () => kill(server),
  }
  t.teardown(() => kill(server))
  return rack
}

/** A host where nothing listens. */
export async function deadRack(t: Test): Promise<string> {
  const rack = await fakeRack(t, () => {})
  rack.die()
  return rack.url
}

export const answering =
  (status: number, body: string | Uint8Array = ''): Listener =>
  (_asked, response) => {
    response.writeHead(status).end(body)
  }

function kill(server: Server): void {
  server.closeAllConnections()
  server.close()
}
