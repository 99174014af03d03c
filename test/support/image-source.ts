// Regions as sources of images: honest, short, corrupt, stuck or absent, counting what they were asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export type SourceManner =
  | 'honest'
  /** Knows no ranges. */
  | 'whole'
  /** Breaks off in the middle. */
  | 'short'
  /** One wrong byte. */
  | 'corrupt'
  | 'tooLong'
  /** Sends half and then nothing. */
  | 'stuck'
  | 'missing'

export type ImageSource = {
  readonly url: string
  readonly requests: string[]
  manner: SourceManner
}

export async function makeImageSource(
  t: Test,
  bytes: Buffer,
  manner: SourceManner,
): Promise<ImageSource> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.headers.range ?? 'all')
    answer(source.manner, bytes, { request, response })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const source: ImageSource = { url: `http://127.0.0.1:${port}`, requests, manner }
  return source
}

function answer(
  manner: SourceManner,
  bytes: Buffer,
  at: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  const { request, response } = at
  if (manner === 'missing') {
    response.writeHead(404).end('none')
    return
  }
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const start = match === null || manner === 'whole' ? 0 : Number(match[1])
  let body = Buffer.from(bytes.subarray(start))
  if (manner === 'corrupt') {
    const middle = Math.floor(body.length / 2)
    body[middle] = (body[middle] ?? 0) ^ 1
  }
  if (manner === 'tooLong') body = Buffer.concat([body, Buffer.from('more')])
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`
  response.writeHead(start > 0 ? 206 : 200, {
    'Content-Length': body.length,
    ...(start > 0 ? { 'Content-Range': range } : {}),
  })
  if (manner !== 'short' && manner !== 'stuck') {
    response.end(body)
    return
  }
  response.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
    if (manner === 'short') setImmediate(() => response.destroy())
  })
}
