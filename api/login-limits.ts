// How often may somebody try a password: a token bucket per account and one per address, so that neither one
// account can be guessed from everywhere nor all accounts from one place. Right passwords cost nothing. Pure: the
// clock is an argument. The memory is this region's own, and bounded; under a flood of addresses the oldest
// half is forgotten, which gives an attacker with that many addresses more tries and nobody fewer.

type Bucket = { tokens: number; atMs: number }
type Rule = { readonly burst: number; readonly everyMs: number }

/** Failures at once, then one every so often. */
const ACCOUNT: Rule = { burst: 10, everyMs: 30_000 }
const ADDRESS: Rule = { burst: 20, everyMs: 10_000 }
/** Per generation; two of them make 4 MB at most. */
const BUCKETS_MAX = 10_000
/** After so long every bucket is full again. */
const GENERATION_MS = Math.max(ACCOUNT.burst * ACCOUNT.everyMs, ADDRESS.burst * ADDRESS.everyMs)
const NAME_CHARACTERS_MAX = 150

export class LoginLimits {
  #recent = new Map<string, Bucket>()
  #older = new Map<string, Bucket>()
  #turnedAtMs = 0

  /** 0: try. Else how long to wait, ms; nothing was counted then. */
  take(account: string, address: string, nowMs: number): number {
    const [byAccount, byAddress] = this.#buckets(account, address, nowMs)
    const waitMs = Math.max(waitOf(byAccount, ACCOUNT), waitOf(byAddress, ADDRESS))
    if (waitMs > 0) return waitMs
    byAccount.tokens--
    byAddress.tokens--
    return 0
  }

  /** The password was right (or was never looked at): the try did not count. */
  giveBack(account: string, address: string, nowMs: number): void {
    const [byAccount, byAddress] = this.#buckets(account, address, nowMs)
    byAccount.tokens = Math.min(ACCOUNT.burst, byAccount.tokens + 1)
    byAddress.tokens = Math.min(ADDRESS.burst, byAddress.tokens + 1)
  }

  #buckets(account: string, address: string, nowMs: number): readonly [Bucket, Bucket] {
    const name = `account ${account.slice(0, NAME_CHARACTERS_MAX)}`
    const place = `address ${prefixOf(address)}`
    return [this.#bucket(name, ACCOUNT, nowMs), this.#bucket(place, ADDRESS, nowMs)]
  }

  #bucket(key: string, { burst, everyMs }: Rule, nowMs: number): Bucket {
    this.#turn(nowMs)
    const bucket = this.#recent.get(key) ?? this.#older.get(key) ?? { tokens: burst, atMs: nowMs }
    this.#recent.set(key, bucket)
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / everyMs)
    bucket.atMs = nowMs
    return bucket
  }

  #turn(nowMs: number): void {
    if (this.#recent.size < BUCKETS_MAX && nowMs - this.#turnedAtMs < GENERATION_MS) return
    this.#older = this.#recent
    this.#recent = new Map()
    this.#turnedAtMs = nowMs
  }
}

function waitOf({ tokens }: Bucket, { everyMs }: Rule): number {
  return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * everyMs)
}

/** Whoever has one IPv6 address has its /64. */
function prefixOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::', 2)
  const groups = head.split(':')
  if (tail === undefined) return groups.slice(0, 4).join(':')
  const zeros = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = [...groups, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...tail.split(':')]
  return all.slice(0, 4).join(':')
}
