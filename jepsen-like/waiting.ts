// Waiting with an end: every wait of the harness has a deadline and is broken off by Ctrl-C.

/** Resolves early when `stopped` is aborted; never rejects. */
export function pause(ms: number, stopped: AbortSignal): Promise<void> {
  if (stopped.aborted || ms <= 0) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    stopped.addEventListener('abort', done)
  })
}

/** The first value of `probe` that is not undefined; undefined when there was none in time. */
export async function eventually<T>(
  limitMs: number,
  stopped: AbortSignal,
  probe: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + limitMs
  while (!stopped.aborted) {
    const value = await probe().catch(() => undefined)
    if (value !== undefined) return value
    if (performance.now() > deadline) return undefined
    await pause(50, stopped)
  }
  return undefined
}

/** One after another from `first` on, none of which anybody listens on. */
export async function freePorts(
  count: number,
  isFree: (port: number) => Promise<boolean>,
  integer: (below: number) => number,
): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    // Below those of other tests, and of the kernel for outgoing connections.
    const first = 10_000 + integer(10_000)
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free ports were found between 10000 and 20000')
}
