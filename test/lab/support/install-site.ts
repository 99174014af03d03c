// A region as small as an installation needs it, for one machine behind QEMU's user network: it gives the script and
// the image, keeps what the machine says, and answers cloud-init of the installed system.
import { createServer, type IncomingMessage } from 'node:http'
import { createReadStream } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type StatusEvent = {
  readonly name: string
  readonly event_type: string
  readonly result?: string
  readonly description: string
  readonly files?: readonly { readonly path: string; readonly content: string }[]
}

export type InstallSite = {
  /** As the machine reaches it. */
  readonly url: string
  readonly events: readonly StatusEvent[]
  /** `METHOD path body`, of all but status events. */
  readonly requests: readonly string[]
  readonly serveScript: (script: string) => void
  readonly forget: () => void
  readonly close: () => Promise<void>
}

const METADATA: Readonly<Record<string, string>> = {
  'meta-data/instance-id': 'abc123',
  'meta-data/local-hostname': 'first.example.org',
  'meta-data/public-keys': '',
  'user-data': '#!/bin/sh\necho ironraft-lab: user data ran >/dev/console\n',
}

export async function installSite(image: string): Promise<InstallSite> {
  const events: StatusEvent[] = []
  const requests: string[] = []
  let script = ''
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body, file }) => {
      response.statusCode = status
      if (file === undefined) response.end(body)
      else createReadStream(file).pipe(response)
    })
  })

  async function answer(request: IncomingMessage) {
    const body = (await buffer(request)).toString()
    const path = (request.url ?? '').replaceAll(/\/+/g, '/')
    const isSigned = /oauth_token="tk".*oauth_signature="%26ts"/.test(
      request.headers.authorization ?? '',
    )
    if (path.startsWith('/MAAS/metadata/status/')) {
      if (!isSigned) return { status: 401, body: 'unsigned' }
      events.push(JSON.parse(body) as StatusEvent)
      return { status: 204, body: '' }
    }
    requests.push(`${request.method} ${path} ${body}`.trim())
    if (path === '/script') return { status: 200, body: script }
    if (path === '/image') return { status: 200, body: '', file: image }
    if (path.startsWith('/MAAS/metadata/latest/by-id/')) return { status: 200, body: 'OK' }
    const name = path.replace(/^\/MAAS\/metadata\/2012-03-01\//, '')
    const found = METADATA[name]
    if (!isSigned || found === undefined) return { status: isSigned ? 404 : 401, body: '' }
    return { status: 200, body: found }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://10.0.2.2:${port}`,
    events,
    requests,
    serveScript: (text) => {
      script = text
    },
    forget: () => {
      events.length = 0
      requests.length = 0
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
