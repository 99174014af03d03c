// Quoting: whatever a value is, sh reads it back as one word, the same.
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { call, quote, sh } from '#api/installer/shell.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const PRINT_WORDS = 'print() { printf "%s\\0" "$#" "$@"; }\n'

function wordsOf(line: string): readonly string[] {
  const output = execFileSync('sh', ['-c', PRINT_WORDS + line], { encoding: 'utf8' })
  return output.split('\0').slice(0, -1)
}

const hostile = fc.oneof(
  fc.string({ unit: 'grapheme-ascii' }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '(', ';', '#', '~', '!'),
  }),
  fc.string({ unit: 'grapheme' }),
)

t.test('any words come back as they went in', async (t) => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 12 }), (words) => {
      t.same(wordsOf(call('print', ...words)), [String(words.length), ...words])
    }),
    { numRuns: 60 },
  )
  t.pass()
})

t.test('a plain word stays readable; an expression stands as it is; NUL is left out', async (t) => {
  t.equal(quote('/dev/sda-1_x:y=z@1%,+.'), '/dev/sda-1_x:y=z@1%,+.')
  t.equal(quote(''), "''")
  t.equal(quote("it's"), "'it'\\''s'")
  t.equal(quote('a\0b'), 'ab')
  t.equal(call('mount', sh('"$DEV_1"'), '/a b', 7), `mount "$DEV_1" '/a b' 7`)
})
