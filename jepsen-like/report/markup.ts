// Words of the report page: escaping, a time axis, numbers as people read them. Pure text in, text out.

/** For element content and double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Width of all drawings and of the names at their left, in units of their view boxes. */
export const WIDTH = 1_120
export const LEFT = 104
const RIGHT = 64

/** Nanoseconds since the start of the run → horizontal place. */
export type Axis = { readonly endNs: number; readonly x: (ns: number) => number }

export function makeAxis(endNs: number): Axis {
  const span = Math.max(1, endNs)
  const x = (ns: number): number =>
    LEFT + (Math.min(Math.max(ns, 0), span) / span) * (WIDTH - LEFT - RIGHT)
  return { endNs: span, x }
}

/** Marks of the time axis from `top` to `bottom`, with seconds below. */
export function axisLines(axis: Axis, top: number, bottom: number): string {
  const seconds = axis.endNs / 1e9
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((one) => seconds / one <= 12) ?? 1_200
  let text = ''
  for (let at = 0; at <= seconds; at += step) {
    const x = round(axis.x(at * 1e9))
    text += `<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`
    text += `<text class="axis" x="${x}" y="${bottom + 14}" text-anchor="middle">${at} s</text>`
  }
  return text
}

export function laneName(name: string, y: number): string {
  return `<text class="lane" x="${LEFT - 10}" y="${round(y)}" text-anchor="end">${escapeHtml(name)}</text>`
}

/** A box that is at least one unit wide, with words that show when pointed at. */
export function box(options: {
  readonly className: string
  readonly from: number
  readonly to: number
  readonly y: number
  readonly height: number
  readonly title?: string
}): string {
  const { className, from, to, y, height, title } = options
  const width = Math.max(1, to - from)
  const place = `x="${round(from)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  const words = title === undefined ? '' : `<title>${escapeHtml(title)}</title>`
  return `<rect class="${className}" ${place}>${words}</rect>`
}

export function drawing(height: number, label: string, content: string): string {
  const size = `viewBox="0 0 ${WIDTH} ${Math.ceil(height)}"`
  return `<svg ${size} role="img" aria-label="${escapeHtml(label)}">${content}</svg>`
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}

export function formatMs(ms: number): string {
  if (ms >= 1_000) return `${round(ms / 1_000)} s`
  return ms >= 10 ? `${Math.round(ms)} ms` : `${round(ms)} ms`
}
