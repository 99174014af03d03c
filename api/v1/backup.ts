// GET /api/v1/backup: the whole state as one file, streamed at the pace of the reader. It ends with its
// digest; a stream that breaks off has none, so half a backup is never taken for one.
import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import { AppError } from '#model/errors.ts'
import type { Logger } from '#model/ports.ts'
import type { BackupSource } from '#node/region.ts'
import { checkAccess, queryOf, type Service } from '../dispatch.ts'
import { checkScope, refuseUnknown } from './routes.ts'

export type BackupRouteOptions = {
  readonly service: Service
  readonly backups: BackupSource
  readonly logger: Logger
  /** A reader that takes nothing for so long is disconnected, ms. */
  readonly stalledMs?: number
}

const STALLED_MS = 60_000
const NO_QUERY: ReadonlySet<string> = new Set()

/** Administrators only: password hashes, keys and secrets are in it. */
export function makeBackupRoute(options: BackupRouteOptions) {
  const { service, backups, logger, stalledMs = STALLED_MS } = options
  return async (ctx: Context): Promise<void> => {
    refuseUnknown(queryOf(ctx).names(), NO_QUERY)
    const identity = await service.authenticator.identify(ctx)
    checkAccess('admin', identity?.user ?? null)
    checkScope(identity, 'admin')
    const backup = await backups.begin()
    ctx.respond = false
    const { res } = ctx
    res.statusCode = 200
    res.setHeader('Content-Type', 'application/vnd.ironraft.backup')
    const name = `ironraft-${backup.clusterId}-${backup.revision}.backup`
    res.setHeader('Content-Disposition', `attachment; filename="${name}"`)
    res.setHeader('X-Revision', String(backup.revision))
    res.setHeader('Cache-Control', 'no-store')
    try {
      for await (const piece of backup.bytes) {
        if (res.destroyed) throw new AppError('SHUTTING_DOWN', 'The reader went away.')
        if (!res.write(piece)) await drained(res, stalledMs)
      }
      res.end()
      logger.info('api.backup_sent', { revision: backup.revision })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      logger.warn('api.backup_broken', { revision: backup.revision, error: why })
      res.destroy()
    } finally {
      backup.close()
    }
  }
}

function drained(res: ServerResponse, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      clearTimeout(timer)
      res.off('drain', end)
      res.off('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onClose = (): void => end(new AppError('SHUTTING_DOWN', 'The reader went away.'))
    const late = new AppError('TIMEOUT', 'The reader takes nothing.')
    const timer = setTimeout(() => end(late), limitMs)
    res.once('drain', end)
    res.once('close', onClose)
  })
}
