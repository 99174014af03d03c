// How the operator of a host takes its node out of the cluster without an API key: a file in the node's
// directory, which only its owner may write. Whoever may write there holds the node's keys anyway.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemId } from '#model/ids.ts'
import type { Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { writeDurably } from './node-file.ts'
import { SYSTEM_ACTOR } from './region-node.ts'
import type { Region } from './region.ts'

export type LeaveAnswer = { readonly ok: boolean; readonly message: string }

const REQUEST = 'leave.request'
const ANSWER = 'leave.answer'

/** For `region leave`; `readLeaveAnswer` then has what came of it. */
export async function requestLeave(directory: string): Promise<void> {
  await rm(join(directory, ANSWER), { force: true })
  await writeDurably(join(directory, REQUEST), '')
}

/** Undefined while the node has not answered. */
export async function readLeaveAnswer(directory: string): Promise<LeaveAnswer | undefined> {
  const text = await readFile(join(directory, ANSWER), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as LeaveAnswer)
}

export type LeaveWatch = {
  readonly directory: string
  readonly region: Region
  readonly logger: Logger
}

/** Looks for a request and answers it. Call about every second; never rejects. */
export async function answerLeaveRequest({ directory, region, logger }: LeaveWatch): Promise<void> {
  const path = join(directory, REQUEST)
  const asked = await readFile(path).then(
    () => true,
    () => false,
  )
  if (!asked) return
  const answer = await propose(region)
  try {
    await writeDurably(join(directory, ANSWER), JSON.stringify(answer))
    await rm(path, { force: true })
    logger.info('region.leave_asked', { ok: answer.ok, error: answer.message })
  } catch (error) {
    logger.error('region.leave_failed', { error: describeError(error) })
  }
}

async function propose(region: Region): Promise<LeaveAnswer> {
  try {
    const command = { type: 'member.remove' as const, id: region.nodeId as SystemId }
    const { outcome } = await region.propose(command, { actor: SYSTEM_ACTOR })
    return outcome.ok ? { ok: true, message: '' } : { ok: false, message: outcome.message }
  } catch (error) {
    return { ok: false, message: describeError(error) }
  }
}
