// A simplestreams mirror on loopback: images with random content, signed when it is told to, and every way to be wrong.
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCleartextMessage, generateKey, type PrivateKey, sign } from 'openpgp'
import type { Test } from 'tap'

export type Item = {
  readonly ftype: string
  readonly path: string
  readonly sha256: string
  readonly size: number
}

/** `answer` may take a request over: it is asked first. */
export type Trick = (request: IncomingMessage, response: ServerResponse) => boolean

const PRODUCTS = 'streams/v1/products.json'
const INDEX = 'streams/v1/index.json'

export class StreamSource {
  readonly url: string
  /** By path. */
  readonly files = new Map<string, Buffer>()
  readonly products: Record<string, unknown> = {}
  /** Paths, with the range that was asked for. */
  readonly asked: string[] = []
  trick: Trick = () => false

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}/`
  }

  static async start(t: Test): Promise<StreamSource> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const source = new StreamSource((server.address() as AddressInfo).port)
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      source.#answer(request, response),
    )
    t.teardown(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    return source
  }

  /** One product with one version; `items` by kind and size. */
  add(
    release: string,
    options: {
      readonly version?: string
      readonly sizes?: Readonly<Record<string, number>>
      readonly more?: object
    } = {},
  ): readonly Item[] {
    const { version = '20260101', more = {} } = options
    const { sizes = { 'boot-kernel': 10_000, 'boot-initrd': 20_000, squashfs: 300_000 } } = options
    const items = Object.entries(sizes).map(([ftype, size]) => {
      const bytes = randomBytes(size)
      const path = `${release}/${version}/${ftype}`
      this.files.set(path, bytes)
      return { ftype, path, sha256: createHash('sha256').update(bytes).digest('hex'), size }
    })
    this.products[`ubuntu:${release}`] = {
      ...{ os: 'ubuntu', release, arch: 'amd64', subarch: 'generic', label: 'stable' },
      versions: { [version]: { items: Object.fromEntries(items.map((one) => [one.ftype, one])) } },
      ...more,
    }
    return items
  }

  /** Writes index and products; with a key their signed forms, and those alone. */
  async publish(key?: PrivateKey): Promise<void> {
    const index = {
      format: 'index:1.0',
      index: { images: { path: PRODUCTS, format: 'products:1.0' } },
    }
    const products = { format: 'products:1.0', products: this.products }
    for (const [path, value] of [
      [INDEX, index],
      [PRODUCTS, products],
    ] as const) {
      const text = JSON.stringify(value)
      if (key === undefined) this.files.set(path, Buffer.from(text))
      else {
        this.files.delete(path)
        this.files.set(path.replace('.json', '.sjson'), Buffer.from(await signed(text, key)))
      }
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').slice(1)
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    this.asked.push(range === undefined ? path : `${path} ${range}`)
    if (this.trick(request, response)) return
    const bytes = this.files.get(path)
    if (bytes === undefined) {
      response.writeHead(404).end()
    } else if (range === undefined) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    } else {
      const from = Number(range)
      const headers = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }
      response.writeHead(206, headers).end(bytes.subarray(from))
    }
  }
}

export async function makeKey(name: string): Promise<{
  readonly privateKey: PrivateKey
  /** Binary. */
  readonly keyring: Buffer
  readonly armored: string
}> {
  const { privateKey } = await generateKey({
    ...{ type: 'curve25519', format: 'object', userIDs: [{ name }] },
  })
  const publicKey = privateKey.toPublic()
  return { privateKey, keyring: Buffer.from(publicKey.write()), armored: publicKey.armor() }
}

async function signed(text: string, signingKeys: PrivateKey): Promise<string> {
  return sign({ message: await createCleartextMessage({ text }), signingKeys })
}
