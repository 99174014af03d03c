// What an operator asks of the cluster about its members, by its API as `ironraft region token`, `remove` and
// `transfer` do it: without the start of a process for each, which on a busy host takes longer than the change.
import { ApiError, Client } from '../tools/client.ts'
import { eventually } from './waiting.ts'

const MEMBERS = '/api/v1/cluster/members'
const ASK_MS = 30_000
const TRY_MS = 5_000
/** Both majorities have to agree, and the leader may be the one that goes. */
const REMOVAL_MS = 60_000

export type WishOptions = {
  readonly urls: readonly string[]
  readonly apiKey: string
  readonly stopped: AbortSignal
}

type Member = { readonly id: string; readonly status: string; readonly note: string }

/** Good once, for a region. */
export async function makeToken(options: WishOptions): Promise<string> {
  const json = { kind: 'region', lifetime_seconds: 600 }
  const path = '/api/v1/cluster/tokens'
  const { text } = await clientOf(options).send({ method: 'POST', path, json })
  return (JSON.parse(text) as { readonly token: string }).token
}

/** Resolves when the node `id` is no member any more. Throws when that is refused or given up. */
export async function removeMember(options: WishOptions, id: string): Promise<void> {
  const client = clientOf(options)
  await client.delete(`${MEMBERS}/${id}`)
  const row = await eventually(REMOVAL_MS, options.stopped, async () => {
    const { members } = await client.get<{ readonly members: readonly Member[] }>(MEMBERS)
    return members.find((one) => one.id === id && one.status !== 'leaving')
  })
  if (row?.status === 'removed') return
  throw new Error(row === undefined ? `${id} is still leaving` : `${id} stays: ${row.note}`)
}

/** False when it could not be done at this moment. */
export async function transferLeadership(options: WishOptions): Promise<boolean> {
  const wish = { method: 'POST', path: '/api/v1/cluster/transfer', json: {} } as const
  try {
    await clientOf(options).send(wish)
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) throw error
    return false
  }
}

function clientOf({ urls, apiKey }: WishOptions): Client {
  return new Client({ urls, apiKey, timeoutMs: ASK_MS, tryTimeoutMs: TRY_MS })
}
