// `ironraft region restore FILE --dir DIR`: a new cluster of one node from a backup, running when it returns or
// until Ctrl-C, as `region init` does. Nothing of the old cluster can join it, and it joins nothing.
import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { readBackup } from '#storage/backup-file.ts'
import { prepareEmpty, readCluster, withLock } from '../cluster-directory.ts'
import { dnsAddressOf } from '../dns-address.ts'
import { expectFree } from '../free-port.ts'
import { makeCluster, type Layout } from '../make-cluster.ts'
import { takeOver } from '../take-over.ts'
import { verifyBackup } from './region-backup.ts'
import { bootstrap } from './region-bootstrap.ts'
import type { Arguments, Io } from '../command-line.ts'

export async function runRestore(args: Arguments, io: Io): Promise<number> {
  const file = resolve(io.cwd, args.at(0))
  const layout: Layout = {
    directory: resolve(io.cwd, args.text('dir') ?? ''),
    nodeCount: 1,
    host: args.text('host') ?? '127.0.0.1',
    apiPort: args.number('api-port') ?? 0,
    peerPort: args.number('peer-port') ?? 0,
    dns: dnsAddressOf(args.text('dns')),
  }
  const { header } = await verifyBackup(file)
  const quarantine = !args.flag('accept-duplicate-addresses')
  await withLock(layout.directory, async () => {
    if ((await readCluster(layout.directory)) !== null) {
      const text = `${layout.directory} holds a cluster already; nothing was changed.`
      throw new AppError('DIRECTORY_IN_USE', text)
    }
    await expectFree(layout.host, layout.apiPort)
    await expectFree(layout.host, layout.peerPort)
    await mkdir(layout.directory, { recursive: true, mode: 0o700 })
    await prepareEmpty(layout.directory)
    const { clusterId: fromClusterId, revision, stamp } = header
    const rows = { revision, stamp, chunks: () => readBackup(file) }
    await makeCluster(layout, takeOver({ fromClusterId, rows, quarantine }))
  })
  io.error(`ironraft: restored revision ${header.revision} of cluster ${header.clusterId}`)
  if (quarantine) {
    io.error(
      'ironraft: for 30 hours only leases that clients renew are confirmed (docs/recovery.md)',
    )
  }
  return bootstrap(layout, { detach: args.flag('detach'), json: args.flag('json') }, io)
}
