// The Redfish service behind a socket of this host: `127.0.0.1` unless told otherwise.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RedfishAnswer, RedfishService } from './service.ts'

export type RedfishServer = {
  readonly url: string
  /** `GET /redfish/v1/Systems`, in the order of arrival, without bodies. */
  readonly requests: readonly string[]
  readonly close: () => Promise<void>
}

const BODY_BYTES_MAX = 64 * 1024
const REQUESTS_KEPT = 1_000

export async function serveRedfish(
  service: RedfishService,
  address = '127.0.0.1',
  port = 0,
): Promise<RedfishServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    if (requests.push(`${request.method} ${request.url}`) > REQUESTS_KEPT) requests.shift()
    void answerOne(service, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  const bound = server.address() as AddressInfo
  return {
    url: `http://${address}:${bound.port}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answerOne(
  service: RedfishService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= BODY_BYTES_MAX) chunks.push(chunk)
  }
  const { method = 'GET', url = '/' } = request
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]),
  )
  const body = length > BODY_BYTES_MAX ? '' : Buffer.concat(chunks).toString('utf8')
  send(
    response,
    service.answer({ method, path: new URL(url, 'http://bmc').pathname, headers, body }),
  )
}

function send(response: ServerResponse, { status, headers = {}, body }: RedfishAnswer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {})
  const hasBody = status !== 204
  response.writeHead(status, {
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
    'odata-version': '4.0',
    ...headers,
  })
  response.end(hasBody ? text : undefined)
}
