// A snapshot that a peer streams to this node: durable as a file before the core hears of it. What a broken
// connection leaves stays for the next try, which goes on from there; what the disk or the content spoils
// is removed.
import type { SnapshotOffer } from '#protocol/peer.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'
import type { SnapshotWriter } from '#storage/snapshot-writer.ts'
import type { IncomingChunks } from '#transport/links.ts'

/** Resolves when it is durable. Rejects with the connection's error, OVERLOADED, PROTOCOL, STORAGE_FAILED. */
export async function receiveSnapshot(
  files: SnapshotStore,
  offer: SnapshotOffer,
  chunks: IncomingChunks,
): Promise<void> {
  const writer = await openWriter(files, offer, chunks)
  let storing = false
  try {
    for await (const chunk of chunks) {
      storing = true
      await writer.append(chunk)
      storing = false
    }
    storing = true
    await writer.commit()
  } catch (error) {
    await (storing ? writer.abort() : writer.suspend())
    throw error
  }
}

async function openWriter(
  files: SnapshotStore,
  offer: SnapshotOffer,
  chunks: IncomingChunks,
): Promise<SnapshotWriter> {
  const writer = await files.receive(offer.meta, offer)
  if (chunks.beginAt(writer.resumedBytes)) return writer
  // The sender begins at the start whatever is here.
  await writer.abort()
  return files.receive(offer.meta, offer)
}
