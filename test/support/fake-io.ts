// What a command is given, with everything it printed kept.
import type { Io } from '#tools/command-line.ts'

export type FakeIo = Io & { readonly printed: string[]; readonly complained: string[] }

export function fakeIo(env: Io['env'] = {}, stopped = new AbortController()): FakeIo {
  const printed: string[] = []
  const complained: string[] = []
  return {
    printed,
    complained,
    out: (text) => void printed.push(text),
    error: (text) => void complained.push(text),
    env: { HOME: '/nonexistent', ...env },
    cwd: '/nonexistent',
    stopped: () => stopped.signal,
  }
}
