// `ironraft region run`: one prepared node in the foreground: the region with its API on top. What `bootstrap`
// and `init` start, and what a systemd unit runs. JSON log lines go to standard error. A node whose state is found to
// differ is closed and started again in this process, once an hour at most: then it is re-seeded.
import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { startApi } from '#api/server.ts'
import { startRegion } from '#node/start.ts'
import type { LogLevel } from '#platform/logger.ts'
import { makePlatform } from '#platform/system.ts'
import type { Arguments, Io } from '../command-line.ts'
import { dnsAddressOf } from '../dns-address.ts'
import { EXIT } from '../exit-codes.ts'
import { makeExplainer } from '../explainer.ts'
import { claimPid, pidFile, releasePid } from '../node-process.ts'
import { serveRegionDns } from '../region-dns.ts'
import { productVersion } from '../version.ts'

/** A state that differs again so soon is computed wrong here: seeding it again and again would help nobody. */
const RESEED_MS = 3_600_000

export async function runRegion(args: Arguments, io: Io): Promise<number> {
  const dir = resolve(io.cwd, args.text('dir') ?? '')
  const stopped = io.stopped()
  const platform = makePlatform({ logLevel: (args.text('log-level') ?? 'info') as LogLevel })
  const file = pidFile(dir)
  await claimPid(file)
  try {
    let reseededMs = Number.NEGATIVE_INFINITY
    for (;;) {
      const mayReseed = platform.clock.monotonicMs() - reseededMs > RESEED_MS
      const end = await live({ dir, platform, args, stopped, mayReseed })
      if (end === 'ended') return EXIT.ok
      platform.logger.warn('region.starts_anew', { why: 'its state was not the cluster’s' })
      reseededMs = platform.clock.monotonicMs()
    }
  } finally {
    await releasePid(file)
  }
}

/** One life of the node, from its disk to its end. `wrong`: its next one is re-seeded. */
async function live(options: {
  readonly dir: string
  readonly platform: ReturnType<typeof makePlatform>
  readonly args: Arguments
  readonly stopped: AbortSignal
  /** Else it stays as it is, without a vote and serving nothing, until somebody starts it again. */
  readonly mayReseed: boolean
}): Promise<'ended' | 'wrong'> {
  const { dir, platform, args, stopped, mayReseed } = options
  const version = await productVersion()
  const running = await startRegion({ dir, version }, platform)
  const { region, node, bootFiles, bootUploads, backups, membership, removed, wrong } = running
  const listen = { host: node.host, port: node.apiPort }
  const api = await startApi({
    ...{ region, bootFiles, bootUploads, backups, membership, listen, version },
    explainer: makeExplainer(platform.clock),
    ...platform,
  }).catch(async (error: unknown) => {
    await running.close()
    throw error
  })
  const dns = await serveRegionDns(region, dnsAddressOf(args.text('dns')), platform)
  platform.logger.info('region.started', { node_id: node.nodeId, api_url: api.url, version })
  // Now, because many of these processes end by SIGKILL.
  flushCompileCache()
  const asked = new Promise<void>((end) => {
    if (stopped.aborted) end()
    stopped.addEventListener('abort', () => end())
  })
  const ended = Promise.race([asked, removed]).then(() => 'ended' as const)
  const end = await (mayReseed ? Promise.race([ended, wrong.then(() => 'wrong' as const)]) : ended)
  await dns?.close()
  await api.close()
  await running.close()
  return end
}
