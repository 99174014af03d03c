// `ironraft region leave`: the node of a data directory on this host leaves its cluster for good and ends.
// No API key is needed: who may write to the directory holds the node's keys.
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { readLeaveAnswer, requestLeave } from '#node/leave-request.ts'
import { Client } from '../client.ts'
import { chooseNode, expectCluster } from '../cluster-directory.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { untilSettled } from '../member-progress.ts'
import { pidFile, readPid } from '../node-process.ts'
import { findMember } from './region-remove.ts'

const ANSWER_MS = 20_000
const LEAVE_MS = 60_000
const POLL_MS = 100

export async function runLeave(args: Arguments, io: Io): Promise<number> {
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  const cluster = await expectCluster(directory)
  const node = chooseNode(cluster, directory, args.text('node'))
  const path = join(directory, node.directory)
  if (!(await isMarkedRemoved(path))) await leave({ path, id: node.id, apiUrl: node.apiUrl }, io)
  const text = `${node.id} has left the cluster; ${path} is of no use any more.`
  io.out(args.flag('json') ? JSON.stringify({ id: node.id, status: 'removed' }) : text)
  return EXIT.ok
}

async function leave(
  node: { readonly path: string; readonly id: string; readonly apiUrl: string },
  io: Io,
): Promise<void> {
  const { path, id, apiUrl } = node
  if ((await readPid(pidFile(path))) === null) {
    const text = `${id} does not run; start it, or use \`ironraft region remove ${id}\` elsewhere.`
    throw new AppError('CONFLICT', text)
  }
  await requestLeave(path)
  await untilAsked(path)
  const client = new Client({ urls: [apiUrl], apiKey: null, timeoutMs: 1_000 })
  await untilSettled({
    look: async () => {
      const row = await findMember(client, id)
      // The node ends as soon as it is out; then its mark says what nobody here can ask any more.
      if (!(await isMarkedRemoved(path))) return row
      const gone = { voter: false, reachable: false, lag: null, entries_per_second: null }
      return { id, status: 'removed', note: '', ...gone }
    },
    wish: 'leave',
    say: (line) => io.error(line),
    timeoutMs: LEAVE_MS,
    stopped: io.stopped(),
  })
  await untilEnded(path)
}

/** Throws CONFLICT when the cluster refused at once. */
async function untilAsked(path: string): Promise<void> {
  const deadline = performance.now() + ANSWER_MS
  while (performance.now() < deadline) {
    const answer = await readLeaveAnswer(path)
    if (answer?.ok === true) return
    if (answer !== undefined) throw new AppError('CONFLICT', answer.message)
    await new Promise((resolve_) => setTimeout(resolve_, POLL_MS))
  }
  throw new AppError('TIMEOUT', 'The node did not take the wish in time; it may still do so.')
}

async function untilEnded(path: string): Promise<void> {
  const deadline = performance.now() + ANSWER_MS
  while (performance.now() < deadline && (await readPid(pidFile(path))) !== null) {
    await new Promise((resolve_) => setTimeout(resolve_, POLL_MS))
  }
}

function isMarkedRemoved(path: string): Promise<boolean> {
  return stat(join(path, 'removed.json')).then(
    () => true,
    () => false,
  )
}
