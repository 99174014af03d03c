// `ironraft region run`: one prepared node in the foreground: the region with its API on top. What `bootstrap`
// and `init` start, and what a systemd unit runs. JSON log lines go to standard error.
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

export async function runRegion(args: Arguments, io: Io): Promise<number> {
  const dir = resolve(io.cwd, args.text('dir') ?? '')
  const stopped = io.stopped()
  const platform = makePlatform({ logLevel: (args.text('log-level') ?? 'info') as LogLevel })
  const version = await productVersion()
  const file = pidFile(dir)
  await claimPid(file)
  try {
    const running = await startRegion({ dir, version }, platform)
    const { region, node, bootFiles, backups, membership, removed } = running
    const listen = { host: node.host, port: node.apiPort }
    const api = await startApi({
      ...{ region, bootFiles, backups, membership, listen, version },
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
    await Promise.race([asked, removed])
    await dns?.close()
    await api.close()
    await running.close()
  } finally {
    await releasePid(file)
  }
  return EXIT.ok
}
