// What watches a region: health checks, metrics, and a page for people that needs neither JavaScript nor
// a quorum. All from this node's own knowledge.
import type { Context } from 'koa'
import type { MemberStatus, Region, RegionStatus } from '#node/region.ts'
import type { MetricsRegistry } from '#platform/metrics.ts'

/** A node that far behind what is committed sends readers to another one. */
const LAG_ENTRIES_MAX = 10_000

export function livez(ctx: Context): void {
  plain(ctx, 'ok\n')
}

/**
 * 200 when a leader is known, this node is close to it, and its disk and state are believed: not while it waits to
 * be re-seeded and not when it is quarantined. Each check on a line of its own.
 */
export function makeReadyz(region: Region) {
  return (ctx: Context): void => {
    const status = region.status()
    const checks = [
      ['leader', status.leader !== null],
      ['quorum', status.healthy],
      ['applied', lagOf(status) <= LAG_ENTRIES_MAX],
      // What it has may be older than what it acknowledged, or not the cluster's.
      ['condition', ['ok', 'unknown'].includes(ownOf(status)?.condition ?? 'unknown')],
    ] as const
    const ready = checks.every(([, passes]) => passes)
    plain(ctx, checks.map(([name, passes]) => `[${passes ? '+' : '-'}]${name}\n`).join(''))
    ctx.status = ready ? 200 : 503
    if (!ready) ctx.set('Retry-After', '1')
  }
}

export function makeMetricsRoute(metrics: MetricsRegistry) {
  return async (ctx: Context): Promise<void> => {
    const { contentType, text } = await metrics.expose()
    ctx.set('Content-Type', contentType)
    ctx.body = text
  }
}

/** `/MAAS/rpc/`: where racks may connect (maas-api §13). */
export function makeRpcRoute(region: Region) {
  return (ctx: Context): void => {
    const eventloops: Record<string, readonly (readonly [string, number])[]> = {}
    for (const member of region.status().members) {
      const colon = member.peerAddress.lastIndexOf(':')
      const host = member.peerAddress.slice(0, colon).replace(/^\[|\]$/g, '')
      const port = Number(member.peerAddress.slice(colon + 1))
      if (colon > 0 && member.reachable) {
        eventloops[`${member.id}:pid=${member.pid ?? 0}`] = [[host, port]]
      }
    }
    ctx.set('Content-Type', 'application/json')
    ctx.body = JSON.stringify({ eventloops })
  }
}

export function makeStatusPage(region: Region) {
  return (ctx: Context): void => {
    const status = region.status()
    const rows = status.members.map((member) => {
      const cells = [
        member.id,
        member.role,
        member.voter ? 'yes' : 'no',
        member.applied,
        member.lag,
        member.reachable ? 'yes' : 'no',
        member.apiUrl ?? '',
      ]
      return `<tr>${cells.map((cell) => `<td>${escapeHtml(String(cell))}</td>`).join('')}</tr>`
    })
    const heads = ['Node', 'Role', 'Voter', 'Applied', 'Lag', 'Reachable', 'API']
    ctx.set('Content-Type', 'text/html; charset=utf-8')
    ctx.set('Content-Security-Policy', "default-src 'none'")
    ctx.body = `<!doctype html><html lang="en"><head><title>Ironraft status</title></head><body>
<h1>${status.healthy ? 'Healthy' : 'No quorum'}</h1>
<p>Cluster ${escapeHtml(status.clusterId)}, seen from ${escapeHtml(status.nodeId)};
leader ${escapeHtml(status.leader ?? 'unknown')}, term ${status.term},
revision ${region.local().revision}.</p>
<table><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr>
${rows.join('\n')}</table></body></html>
`
  }
}

function ownOf(status: RegionStatus): MemberStatus | undefined {
  return status.members.find(({ id }) => id === status.nodeId)
}

function lagOf(status: RegionStatus): number {
  const own = ownOf(status)
  return own === undefined ? 0 : Math.max(0, own.commit - own.applied)
}

function plain(ctx: Context, text: string): void {
  ctx.set('Content-Type', 'text/plain; charset=utf-8')
  ctx.set('Cache-Control', 'no-store')
  ctx.body = text
}

function escapeHtml(text: string): string {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' } as const
  return text.replaceAll(/[&<>"]/g, (unit) => entities[unit as keyof typeof entities])
}
