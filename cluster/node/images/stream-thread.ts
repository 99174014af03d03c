// In a thread beside the event loop: checks the signature of what a source sent, and reads it. Both may take a second of
// the processor for the tens of megabytes that they are, which no heartbeat must wait for.
import { parentPort, workerData } from 'node:worker_threads'
import { signedText } from './signed-text.ts'
import { parseIndex, parseProducts, type OfferedImage, type Selection } from './simplestreams.ts'

export type StreamInput = {
  readonly bytes: Uint8Array
  /** Null: it is not signed. */
  readonly keyring: Uint8Array | null
  /** Null: it is the index. */
  readonly selections: readonly Selection[] | null
}

export type StreamOutput =
  | { readonly paths: readonly string[] }
  | { readonly images: readonly OfferedImage[]; readonly wrong: number }
  | { readonly why: string }

async function read({ bytes, keyring, selections }: StreamInput): Promise<StreamOutput> {
  try {
    const sent = Buffer.from(bytes).toString()
    const text = keyring === null ? sent : await signedText(sent, keyring)
    return selections === null ? { paths: parseIndex(text) } : parseProducts(text, selections)
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
}

parentPort?.postMessage(await read(workerData as StreamInput))
