// A host that runs what machines run: the script as the region gives it, in a shell, with the tools that a test leaves it,
// talking to the real API through a relay that notes what it says and has the archive of scripts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
import type { Input } from '#api/input.ts'
import { parseMultipart } from '#api/multipart.ts'

const TOOLS = [
  ...['sh', 'awk', 'cat', 'chmod', 'date', 'dd', 'dirname', 'env', 'grep', 'head', 'ls', 'mkdir'],
  ...[
    'mktemp',
    'mv',
    'od',
    'rm',
    'sed',
    'sleep',
    'tail',
    'tar',
    'timeout',
    'tr',
    'uname',
    'wc',
    'xz',
  ],
]

export type Said = { readonly input: Input; readonly path: string }

export type RunnerHost = {
  /** Where the machine reaches the service. */
  readonly host: string
  readonly said: Said[]
  /** The archive is given; null: there is nothing to be run. Counted. */
  archive: Buffer | null
  archivesGiven: number
  /** The next signals are answered 503, after they were passed on. */
  loseAnswers: number
  readonly run: (
    script: string,
    how: { readonly tools: readonly string[]; readonly env?: Record<string, string> },
  ) => Promise<{ readonly code: number | null; readonly output: string }>
}

export async function makeRunnerHost(
  t: Test,
  to: { readonly apiUrl: string; readonly address: string },
): Promise<RunnerHost> {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-runner-'))
  const server = createServer((request, response) => {
    void relay(host, to, { request, response }).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await rm(directory, { recursive: true, force: true })
  })
  const host: RunnerHost = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    said: [],
    archive: null,
    archivesGiven: 0,
    loseAnswers: 0,
    run: async (script, { tools, env = {} }) => {
      const home = await mkdtemp(join(directory, 'run-'))
      const path = join(home, 'bin')
      await mkdir(path)
      for (const tool of [...TOOLS, ...tools]) await link(tool, path)
      await writeFile(join(home, 'user-data'), script)
      return runShell(join(home, 'user-data'), {
        ...{ PATH: path, TMPDIR: home, HOME: home, PAUSE: '0', TRIES: '3' },
        ...env,
      })
    },
  }
  return host
}

/** tar.xz of the files, executable. */
export async function makeArchive(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-archive-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true })
    await writeFile(join(directory, name), text, { mode: 0o755 })
  }
  const tar = spawn('tar', ['-C', directory, '-cJf', '-', ...Object.keys(files)])
  const chunks: Buffer[] = []
  tar.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(tar, 'close')
  await rm(directory, { recursive: true, force: true })
  return Buffer.concat(chunks)
}

async function relay(
  host: RunnerHost,
  to: { readonly apiUrl: string; readonly address: string },
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const path = request.url ?? ''
  const contentType = request.headers['content-type'] ?? ''
  if (contentType.startsWith('multipart/')) {
    host.said.push({ input: await parseMultipart(contentType, body), path })
  }
  if (path.endsWith('/maas-scripts')) {
    host.archivesGiven++
    response.statusCode = host.archive === null ? 204 : 200
    response.end(host.archive ?? undefined)
    return
  }
  // Nothing of the product's own is run here.
  if (path.endsWith('/maas-commissioning-scripts')) {
    response.statusCode = 204
    response.end()
    return
  }
  const headers = new Headers({
    ...{ 'x-forwarded-for': to.address, 'x-forwarded-host': host.host },
  })
  for (const name of ['authorization', 'content-type', 'idempotency-key']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  const answer = await fetch(to.apiUrl + path, {
    method: request.method ?? 'GET',
    headers,
    ...(request.method === 'POST' ? { body } : {}),
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const isLost = contentType.startsWith('multipart/') && host.loseAnswers > 0
  if (isLost) host.loseAnswers--
  response.statusCode = isLost ? 503 : answer.status
  response.end(answer.status === 204 ? undefined : bytes)
}

async function runShell(script: string, env: Record<string, string>) {
  const child = spawn('/bin/sh', [script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

/** `busybox wget` is that program under that name. */
async function link(tool: string, path: string): Promise<void> {
  const [program = '', name = program] = tool.split(' ')
  const found = await find(program)
  if (found === undefined) throw new Error(`this host has no ${program}`)
  await symlink(found, join(path, name))
}

/** Programs that this host lacks. */
export async function missingTools(tools: readonly string[]): Promise<readonly string[]> {
  const programs = [...TOOLS, ...tools].map((tool) => tool.split(' ', 1)[0] ?? '')
  const found = await Promise.all(programs.map(find))
  return programs.filter((_program, at) => found[at] === undefined)
}

async function find(program: string): Promise<string | undefined> {
  for (const place of (process.env['PATH'] ?? '').split(delimiter).concat('/usr/bin', '/bin')) {
    // What a version manager puts in front of a program needs that manager's own tools.
    if (place.includes('shims')) continue
    const path = join(place, program)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}
