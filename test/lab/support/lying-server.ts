// A file server that does not give what it was asked for, in a namespace: `/cut/…` breaks off after 50,000 bytes and
// answers no range, `/altered/…` gives the bytes with one of them changed (behind the cut), `/whole/…` all of them, also in parts.
import { spawn } from 'node:child_process'
import { endProcess } from './process.ts'

const SCRIPT = `
import http from 'node:http'
const bytes = Buffer.from(process.argv[1], 'base64')
const altered = Buffer.from(bytes)
altered[60_000] ^= 1
http.createServer((request, response) => {
  const how = request.url.split('/')[1]
  const from = Number(/bytes=(\\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const body = how === 'altered' ? altered : bytes
  const status = from > 0 ? 206 : 200
  const headers = { 'Content-Length': body.length - from }
  if (from > 0) headers['Content-Range'] = \`bytes \${from}-\${body.length - 1}/\${body.length}\`
  if (how !== 'cut') return response.writeHead(status, headers).end(body.subarray(from))
  if (from > 0) return response.destroy()
  response.writeHead(200, headers)
  response.write(body.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 200))
}).listen(5299, '0.0.0.0')
`

export function lyingServer(
  namespace: string,
  content: { readonly bytes: Uint8Array },
): { readonly close: () => Promise<void> } {
  const base64 = Buffer.from(content.bytes).toString('base64')
  const node = [process.execPath, '--input-type=module', '-e', SCRIPT, base64]
  const server = spawn('ip', ['netns', 'exec', namespace, ...node], { stdio: 'ignore' })
  return { close: () => endProcess(server) }
}
