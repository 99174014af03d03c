// Reads the events of Node's test runner: a block per failure with its diagnostics, and last `N passed, N failed` alone on
// its line. What counts is the named test (tap's `t.test`, node's `test`), not the assertion. A file that
// crashed, or ran no test at all, is one failure; so is a run without any test.
import { relative, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { TestEvent } from 'node:test/reporters'

type Result = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>

const STDERR_LINES_MAX = 60

class Tally {
  passed = 0
  failed = 0
  skipped = 0
  /** Events of skipped tap tests name no file. */
  #filelessSkips = 0
  readonly #testsOf = new Map<string, number>()
  readonly #stderrOf = new Map<string, string[]>()
  readonly #passedFiles: string[] = []

  onStderr(file: string | undefined, text: string): void {
    const path = resolve(file ?? '')
    const lines = this.#stderrOf.get(path) ?? []
    this.#stderrOf.set(
      path,
      [...lines, ...text.split('\n').filter(Boolean)].slice(-STDERR_LINES_MAX),
    )
  }

  /** What to print of it. */
  onResult({ type, data }: Result): string {
    const { file, details } = data
    if (isFile(data)) return this.#onFile(type, file ?? '', failureType(details))
    if (data.skip !== undefined || data.todo !== undefined) {
      this.skipped++
      if (file === undefined) this.#filelessSkips++
      else this.#seen(file)
      return ''
    }
    // tap's assertions carry no type; a test or a suite (a tap test with assertions) does.
    const isTest = details.type !== undefined || data.nesting === 0
    if (file !== undefined) this.#seen(file)
    if (type === 'test:pass') {
      if (isTest) this.passed++
      return ''
    }
    if (isTest) this.failed++
    return describe(data.name, file, details)
  }

  end(): string {
    const empty = this.#passedFiles.filter((file) => !this.#testsOf.has(file))
    const blocks: string[] = []
    if (this.#filelessSkips === 0) {
      this.failed += empty.length
      for (const file of empty) blocks.push(`FAIL ${short(file)}: ran no test\n`)
    }
    if (this.passed + this.failed + this.skipped === 0) {
      this.failed++
      blocks.push('FAIL no test was run\n')
    }
    if (this.skipped > 0) blocks.push(`${this.skipped} skipped\n`)
    return `${blocks.join('')}${this.passed} passed, ${this.failed} failed\n`
  }

  #seen(file: string): void {
    this.#testsOf.set(file, (this.#testsOf.get(file) ?? 0) + 1)
  }

  #onFile(type: Result['type'], file: string, failure: string | undefined): string {
    if (type === 'test:pass') {
      this.#passedFiles.push(file)
      return ''
    }
    // Its tests were counted one by one; anything else is the file's own end: a crash, a time-out.
    if (failure === 'subtestsFailed' && this.#testsOf.has(file)) return ''
    this.failed++
    const stderr = (this.#stderrOf.get(file) ?? []).map((line) => `  ${line}\n`)
    return `FAIL ${short(file)}: the file itself failed (${failure ?? 'unknown'})\n${stderr.join('')}`
  }
}

/** Yields what to print; true at the end when all is well. */
export async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string, boolean> {
  const tally = new Tally()
  for await (const event of source) {
    if (event.type === 'test:stderr') tally.onStderr(event.data.file, event.data.message)
    if (event.type === 'test:pass' || event.type === 'test:fail') yield tally.onResult(event)
  }
  yield tally.end()
  return tally.failed === 0
}

/** Node reports each file as a test named by its path. */
function isFile({ nesting, name, file }: Result['data']): boolean {
  return nesting === 0 && file !== undefined && resolve(name) === file
}

function failureType(details: Result['data']['details']): string | undefined {
  if (!('error' in details)) return undefined
  const { failureType: type } = details.error as { readonly failureType?: string }
  return type
}

function describe(name: string, file: string | undefined, details: Result['data']['details']) {
  const error = 'error' in details ? details.error : undefined
  const text = stripVTControlCharacters(String(error?.message ?? ''))
  const lines = failureType(details) === 'subtestsFailed' ? [] : text.split('\n')
  const body = lines.map((line) => `  ${line.trimEnd()}\n`).join('')
  return `FAIL ${short(file ?? '')}: ${name}\n${body}`
}

function short(file: string): string {
  return relative(process.cwd(), file)
}
