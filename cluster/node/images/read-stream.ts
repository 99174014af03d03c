// The index of a source and its products, fetched within limits and read in a thread of its own.
import { Worker } from 'node:worker_threads'
import { AppError } from '#model/errors.ts'
import { openUrl, type SourceOptions } from './source-request.ts'
import type { OfferedImage, Selection } from './simplestreams.ts'
import type { StreamInput, StreamOutput } from './stream-thread.ts'

export type Source = {
  /** Of the folder that has `streams/v1/`, or of the index itself. */
  readonly url: string
  /** Null: a source without a keyring is believed as it is. */
  readonly keyring: Uint8Array | null
  readonly selections: readonly Selection[]
}

const BYTES_MAX = 64 << 20
const THREAD_MIB_MAX = 1_024
const THREAD_MS = 120_000
/** Of one document; the idle time of the request alone would let a byte a second go on for a year. */
const DOCUMENT_MS = 600_000

export type Offer = {
  /** Of the files' paths, with a slash at its end. */
  readonly base: string
  readonly images: readonly OfferedImage[]
  /** Products that were passed over. */
  readonly wrong: number
}

/** Throws BAD_REQUEST with one sentence: not reached, too long, not believed, not understood. */
export async function readSource(source: Source, options: SourceOptions): Promise<Offer> {
  const { keyring, selections } = source
  const extension = keyring === null ? 'json' : 'sjson'
  const base = baseOf(source.url)
  const read = async (url: string, wanted: readonly Selection[] | null): Promise<StreamOutput> => {
    const bytes = await documentAt(url, options)
    const output = await readInThread({ bytes, keyring, selections: wanted })
    if ('why' in output) throw refused(url, output.why)
    return output
  }
  const index = await read(`${base}streams/v1/index.${extension}`, null)
  const images: OfferedImage[] = []
  let wrong = 0
  for (const path of 'paths' in index ? index.paths : []) {
    // The two stand side by side: what is asked for decides whether it must be signed, not what the index says.
    const url = `${base}${path.replace(/\.s?json$/, `.${extension}`)}`
    const products = await read(url, selections)
    if ('images' in products) {
      images.push(...products.images)
      wrong += products.wrong
    }
  }
  return { base, images, wrong }
}

function baseOf(url: string): string {
  return url
    .replace(/[?#].*$/, '')
    .replace(/(?:streams\/v1\/)?(?:index\.s?json)?$/, '')
    .replace(/\/*$/, '/')
}

async function documentAt(url: string, options: SourceOptions): Promise<Uint8Array> {
  const late = AbortSignal.timeout(DOCUMENT_MS)
  const signal = AbortSignal.any([options.signal, late])
  try {
    const { body } = await openUrl(url, 0, { ...options, signal })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of body) {
      size += chunk.length
      if (size > BYTES_MAX) throw new Error(`it has more than ${BYTES_MAX} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    throw refused(url, error instanceof Error ? error.message : String(error), error)
  }
}

function readInThread(workerData: StreamInput): Promise<StreamOutput> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./stream-thread.ts', import.meta.url), {
      ...{ workerData, resourceLimits: { maxOldGenerationSizeMb: THREAD_MIB_MAX } },
    })
    const end = (output: StreamOutput): void => {
      clearTimeout(late)
      resolve(output)
      void worker.terminate()
    }
    const late = setTimeout(() => end({ why: 'reading it takes too long' }), THREAD_MS)
    worker.on('message', (output: StreamOutput) => end(output))
    worker.on('error', (error: unknown) =>
      end({ why: error instanceof Error ? error.message : String(error) }),
    )
    worker.on('exit', () => end({ why: 'the thread that read it ended' }))
  })
}

function refused(url: string, why: string, cause?: unknown): AppError {
  return new AppError('BAD_REQUEST', `${url}: ${why}.`, { cause })
}
