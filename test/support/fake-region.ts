// An HTTP server that plays a region: answers as told and remembers what it was asked.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Asked = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
/** 'hang' never answers, 'drop' breaks the connection. */
export type Told =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  | 'hang'
  | 'drop'

export class FakeRegion {
  readonly asked: Asked[] = []
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(answer: (asked: Asked, count: number) => Told): Promise<FakeRegion> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const region = new FakeRegion(server)
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        const asked = { method, url, headers, body: Buffer.concat(chunks).toString() }
        region.asked.push(asked)
        const told = answer(asked, region.asked.length)
        if (told === 'hang') return
        if (told === 'drop') request.socket.destroy()
        else response.writeHead(told.status, told.headers).end(told.body ?? '')
      })
    })
    return region
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A URL that nobody answers at: bound once, then closed. */
export async function deadUrl(): Promise<string> {
  const region = await FakeRegion.start(() => 'hang')
  await region.stop()
  return region.url
}
