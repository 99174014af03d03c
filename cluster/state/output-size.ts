// How much all outputs of scripts are together: they are the longest rows there are, and machines write them.
import type { ScriptOutput } from '#model/script-result.ts'
import type { Follower, Table } from './table.ts'

export class OutputSize implements Follower<ScriptOutput, number> {
  #characters = 0

  constructor(table: Table<ScriptOutput, number>) {
    table.follow(this)
  }

  /** UTF-16 units. */
  get characters(): number {
    return this.#characters
  }

  onChange(_key: number, before: ScriptOutput | undefined, after: ScriptOutput | undefined): void {
    this.#characters += sizeOf(after) - sizeOf(before)
  }
}

function sizeOf(row: ScriptOutput | undefined): number {
  if (row === undefined) return 0
  return row.output.length + row.stdout.length + row.stderr.length + row.result.length
}
