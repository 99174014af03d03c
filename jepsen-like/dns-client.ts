// Several questions to one server in one exchange, sent together: by TCP over a connection that stays, by UDP from a
// socket of its own. What a server answers between two equal serials it answered from one revision: it takes
// messages in the order in which they came, and serials do not go back.
import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { type Answer, makeQuery, type Question, readAnswer } from './dns-message.ts'

const HOST = '127.0.0.1'
/** Of a whole exchange. */
const EXCHANGE_MS = 1_500

/** Answers in the order of the questions. Rejects when one is missing in time, or cut off. */
export type Ask = (questions: readonly Question[]) => Promise<readonly Answer[]>

/** What was asked, and what has come of it. */
class Exchange {
  readonly #questions: readonly Question[]
  readonly #answers = new Map<number, Answer>()
  readonly #firstId: number

  constructor(questions: readonly Question[], firstId: number) {
    this.#questions = questions
    this.#firstId = firstId & 0xff00
  }

  get queries(): readonly Buffer[] {
    return this.#questions.map((question, at) => makeQuery(this.#firstId + at, question))
  }

  /** All answers when this was the last one. Throws for what cannot be read. */
  take(bytes: Buffer): readonly Answer[] | null {
    const at = bytes.readUInt16BE(0) - this.#firstId
    const question = this.#questions[at]
    if (question === undefined) return null
    const answer = readAnswer(bytes, question.type)
    if (answer.truncated) throw new Error(`${question.name} was cut off`)
    this.#answers.set(at, answer)
    if (this.#answers.size < this.#questions.length) return null
    return this.#questions.map((_, i) => this.#answers.get(i) ?? answer)
  }
}

/** One socket for one exchange, so that no late answer of another one comes into it. */
export function askByUdp(port: number): Ask {
  return (questions) =>
    new Promise((resolve, reject) => {
      const socket = createSocket('udp4')
      const exchange = new Exchange(questions, 0)
      const end = (failure: Error | null, answers: readonly Answer[] = []): void => {
        clearTimeout(timer)
        socket.removeAllListeners('message')
        socket.close()
        if (failure === null) resolve(answers)
        else reject(failure)
      }
      let isOver = false
      const once = (failure: Error | null, answers?: readonly Answer[]): void => {
        if (!isOver) end(failure, answers)
        isOver = true
      }
      const timer = setTimeout(() => once(new Error('no answer by UDP in time')), EXCHANGE_MS)
      socket.on('error', once)
      socket.on('message', (bytes) => attempt(() => exchange.take(bytes), once))
      socket.connect(port, HOST, () => {
        if (!isOver) for (const query of exchange.queries) socket.send(query)
      })
    })
}

/** A connection and who waits on it. One exchange at a time. */
export class DnsConnection {
  /** Given anew with every connection. */
  readonly name: string
  readonly #socket: Socket
  #pending = Buffer.alloc(0)
  #exchanges = 0
  #onMessage: (bytes: Buffer) => void = () => {}
  #onEnd: (failure: Error) => void = () => {}
  #failure: Error | null = null

  constructor(port: number, name: string) {
    this.name = name
    this.#socket = connect({ host: HOST, port })
    this.#socket.on('error', (error) => this.#end(error))
    this.#socket.on('close', () => this.#end(new Error('the connection ended')))
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes))
  }

  get isOver(): boolean {
    return this.#failure !== null
  }

  readonly ask: Ask = (questions) =>
    new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure)
        return
      }
      const exchange = new Exchange(questions, ++this.#exchanges << 8)
      const late = (): void => this.#end(new Error('no answer by TCP in time'))
      const timer = setTimeout(late, EXCHANGE_MS)
      const once = (failure: Error | null, answers: readonly Answer[] = []): void => {
        clearTimeout(timer)
        this.#onMessage = () => {}
        this.#onEnd = () => {}
        if (failure === null) resolve(answers)
        else reject(failure)
      }
      this.#onMessage = (bytes) => attempt(() => exchange.take(bytes), once)
      this.#onEnd = once
      const framed = exchange.queries.flatMap((query) => [lengthOf(query), query])
      this.#socket.write(Buffer.concat(framed))
    })

  close(): void {
    this.#end(new Error('closed by us'))
  }

  #end(failure: Error): void {
    this.#failure ??= failure
    this.#socket.destroy()
    this.#onEnd(failure)
  }

  #read(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes])
    while (this.#pending.length >= 2) {
      const end = 2 + this.#pending.readUInt16BE(0)
      if (this.#pending.length < end) return
      const message = this.#pending.subarray(2, end)
      this.#pending = this.#pending.subarray(end)
      if (message.length >= 12) this.#onMessage(message)
    }
  }
}

function attempt(
  take: () => readonly Answer[] | null,
  done: (failure: Error | null, answers?: readonly Answer[]) => void,
): void {
  try {
    const answers = take()
    if (answers !== null) done(null, answers)
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
  }
}

function lengthOf({ length }: Buffer): Buffer {
  return Buffer.from([length >> 8, length & 255])
}
