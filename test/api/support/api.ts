// A region's API over the memory region, with an administrator and a plain user, and a client for it.
import { createHash, scryptSync } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Test } from 'tap'
import type { BootFiles as BootFilesPort } from '#api/boot-files.ts'
import { allResources } from '#api/resources.ts'
import { startApi } from '#api/server.ts'
import { makeExplainer } from '#tools/explainer.ts'
import { Backups } from '#node/backups.ts'
import { BootFiles } from '#node/boot-files.ts'
import { BootUploads } from '#node/boot-uploads.ts'
import { makeLogger } from '#platform/logger.ts'
import { makeMetrics } from '#platform/metrics.ts'
import { systemRandom } from '#platform/system.ts'
import { AppError } from '#model/errors.ts'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import type { UserId } from '#model/ids.ts'
import type { RegionMembership } from '#node/region.ts'
import { makeFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { newImage } from '#test/support/life-cycle.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { watchParameters, type Asked } from './asked.ts'

export type Key = {
  readonly consumerKey: string
  readonly tokenKey: string
  readonly tokenSecret: string
}
export const ADMIN: Key = {
  consumerKey: 'c'.repeat(18),
  tokenKey: 'a'.repeat(18),
  tokenSecret: 's'.repeat(32),
}
export const PLAIN: Key = {
  consumerKey: 'd'.repeat(18),
  tokenKey: 'p'.repeat(18),
  tokenSecret: 'u'.repeat(32),
}

/** Of `secret`, with parameters a hundred times cheaper than real ones. */
const PASSWORD_HASH = ((salt: Buffer) => {
  const hash = scryptSync('secret', salt, 32, { N: 1_024, r: 8, p: 1 })
  return ['scrypt', 1_024, 8, 1, salt.toString('base64url'), hash.toString('base64url')].join('$')
})(Buffer.from('salt'))

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Parsed when the answer is JSON. */
  readonly json: any // eslint-disable-line typescript/no-explicit-any -- tests look into it freely
}

export type Ask = {
  readonly key?: Key | null
  readonly form?: Record<string, string> | readonly (readonly [string, string])[]
  readonly json?: unknown
  readonly body?: string | Buffer
  readonly headers?: Record<string, string>
}

export class TestApi {
  readonly region: MemoryRegion
  readonly clock: FakeClock
  readonly url: string
  readonly files = new Map<string, Buffer>()
  readonly logs: string[]
  readonly asked: Asked
  #nonce = 0

  constructor(parts: {
    region: MemoryRegion
    clock: FakeClock
    url: string
    logs: string[]
    asked: Asked
  }) {
    this.region = parts.region
    this.clock = parts.clock
    this.url = parts.url
    this.logs = parts.logs
    this.asked = parts.asked
  }

  /** OAuth PLAINTEXT header with a fresh nonce. */
  sign(key: Key, more: Record<string, string> = {}): string {
    const parts = {
      oauth_version: '1.0',
      oauth_signature_method: 'PLAINTEXT',
      oauth_consumer_key: key.consumerKey,
      oauth_token: key.tokenKey,
      oauth_signature: `&${key.tokenSecret}`,
      oauth_nonce: String(++this.#nonce),
      oauth_timestamp: String(Math.floor(this.clock.wallMs() / 1_000)),
      ...more,
    }
    const pairs = Object.entries(parts).map(([k, v]) => `${k}="${encodeURIComponent(v)}"`)
    return `OAuth ${pairs.join(', ')}`
  }

  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { key = ADMIN, form, json, body } = ask
    const headers: Record<string, string> = { ...ask.headers }
    if (key !== null) headers['authorization'] ??= this.sign(key)
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded'
    if (json !== undefined) headers['content-type'] = 'application/json'
    const sent =
      form !== undefined
        ? new URLSearchParams(form as Record<string, string>).toString()
        : json !== undefined
          ? JSON.stringify(json)
          : body
    const full = path.startsWith('/') ? path : `/MAAS/api/2.0/${path}`
    const response = await fetch(this.url + full, {
      method,
      headers,
      redirect: 'manual',
      ...(sent === undefined ? {} : { body: sent as string }),
    })
    const text = await response.text()
    const isJson = (response.headers.get('content-type') ?? '').includes('json')
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, text, json: parsed }
  }

  get(path: string, ask: Ask = {}): Promise<Answer> {
    return this.ask('GET', path, ask)
  }

  post(path: string, form: Ask['form'] = {}, ask: Ask = {}): Promise<Answer> {
    return this.ask('POST', path, { form, ...ask })
  }

  put(path: string, form: Ask['form'] = {}, ask: Ask = {}): Promise<Answer> {
    return this.ask('PUT', path, { form, ...ask })
  }

  delete(path: string, ask: Ask = {}): Promise<Answer> {
    return this.ask('DELETE', path, ask)
  }
}

/** Stops with the test. */
export async function startTestApi(t: Test): Promise<TestApi> {
  const clock = makeFakeClock()
  const region = new MemoryRegion(clock, {
    type: 'cluster.initialise',
    clusterId: 'memory',
    admin: {
      username: 'admin',
      email: 'admin@example.org',
      isSuperuser: true,
      passwordHash: PASSWORD_HASH,
    },
    apiKey: { ...ADMIN, name: 'admin' },
    joinTokenDigest: 'f'.repeat(64),
    featureLevel: SUPPORTED_LEVELS.max,
  })
  await region.propose(
    {
      type: 'user.create',
      ...{ username: 'plain', email: 'plain@example.org', isSuperuser: false, passwordHash: '' },
    },
    { actor: SYSTEM },
  )
  const userId = 2 as UserId
  await region.propose(
    { type: 'apiKey.create', ...PLAIN, userId, name: 'plain' },
    { actor: SYSTEM },
  )
  // The settings name a release: without an image of it nothing can be deployed.
  for (const name of ['ubuntu/jammy', 'debian/bookworm']) {
    await region.propose(newImage(name), { actor: SYSTEM })
  }
  const asked = watchParameters(t, allResources('0.1.0'))
  const logs: string[] = []
  const files = new Map<string, Buffer>()
  const directory = await temporaryDirectory(t)
  const store = new BootFiles({ directory, otherRegions: () => [], bytesMax: 1 << 30 })
  const api = await startApi({
    region,
    bootFiles: memoryBootFiles(files),
    bootUploads: new BootUploads(region, store),
    backups: new Backups({ region, clock, version: '0.1.0', sliceMs: 8 }),
    membership: fakeMembership(),
    explainer: makeExplainer(clock),
    listen: { host: '127.0.0.1', port: 0 },
    logger: makeLogger({ level: 'debug', write: (line) => logs.push(line), clock }),
    metrics: makeMetrics(),
    clock,
    random: systemRandom,
    version: '0.1.0',
  })
  t.teardown(() => api.close())
  const test = new TestApi({ region, clock, url: api.url, logs, asked })
  for (const [name, bytes] of files) test.files.set(name, bytes)
  return Object.assign(test, { files })
}

export const SYSTEM = {
  kind: 'system',
  userId: null,
  username: '',
  remoteAddress: '',
  requestId: '',
} as const

/** Hands over to whom it is told, but not to `deaf`. */
function fakeMembership(): RegionMembership {
  return {
    makeToken: async (kind, lifetimeMs, actor) => `${kind} ${lifetimeMs} ${actor.username}`,
    transfer: async (to) => {
      if (to === 'deaf') throw new AppError('CONFLICT', 'deaf is not reachable.')
      return to ?? 'the best'
    },
    progressOf: () => ({ lagEntries: 7, entriesPerSecond: 70 }),
  }
}

function memoryBootFiles(files: Map<string, Buffer>): BootFilesPort {
  return {
    open: async (sha256) => {
      const bytes = files.get(sha256)
      if (bytes === undefined) return undefined
      return {
        sizeBytes: bytes.length,
        stream: (start, end) => Readable.from([bytes.subarray(start, end + 1)]),
      }
    },
    put: async (sha256, stream) => {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      const bytes = Buffer.concat(chunks)
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new AppError('BAD_REQUEST', 'The bytes are not those that the digest names.')
      }
      files.set(sha256, bytes)
    },
  }
}
