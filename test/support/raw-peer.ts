// A client of the peer listener that says whatever a test wants: bytes, frames, nothing.
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { Framer, frame } from '#protocol/framer.ts'
import { decodeGreeting, encodeGreeting, type Greeting, type Hello } from '#protocol/hello.ts'
import type { Credentials } from '#protocol/enroll.ts'
import type { HostPort } from '#protocol/token.ts'
import { until } from './until.ts'

export type RawPeer = {
  readonly socket: Socket
  readonly frames: readonly Uint8Array[]
  readonly isClosed: () => boolean
  readonly write: (bytes: Uint8Array) => void
  readonly writeFrame: (body: Uint8Array) => void
  /** First frame as a greeting, once it is there. */
  readonly answer: () => Promise<Greeting>
  readonly closed: () => Promise<void>
}

/** `credentials` null: TLS without a certificate. */
export async function rawPeer(
  address: HostPort,
  credentials: Credentials | null,
): Promise<RawPeer> {
  const socket = connect({
    ...address,
    ...(credentials === null
      ? {}
      : { cert: credentials.certificatePem, key: credentials.keyPem, ca: credentials.caPem }),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  })
  const peer = wrap(socket)
  await once(socket, 'secureConnect')
  return peer
}

/** TCP without TLS. */
export async function rawSocket(address: HostPort): Promise<RawPeer> {
  const socket = connectTcp(address)
  const peer = wrap(socket)
  await once(socket, 'connect')
  return peer
}

/** Past the greeting. */
export async function greetedPeer(
  address: HostPort,
  credentials: Credentials,
  hello: Partial<Hello> = {},
): Promise<RawPeer> {
  const peer = await rawPeer(address, credentials)
  peer.writeFrame(helloOf(credentials, hello))
  await peer.answer()
  return peer
}

export function helloOf(credentials: Credentials, hello: Partial<Hello> = {}): Uint8Array {
  return encodeGreeting({
    type: 'hello',
    protocolVersion: 1,
    clusterId: credentials.clusterId,
    nodeId: credentials.nodeId,
    kind: 'region',
    purpose: 'messages',
    incarnation: credentials.incarnation,
    ...hello,
  })
}

function wrap(socket: Socket): RawPeer {
  const framer = new Framer({ frameBytesMax: 64 << 20, allowEmpty: true })
  const frames: Uint8Array[] = []
  let closed = false
  socket.on('data', (chunk: Buffer) => {
    framer.push(chunk)
    for (let body = framer.next(); body !== null; body = framer.next()) frames.push(body)
  })
  socket.on('error', () => {})
  socket.on('close', () => (closed = true))
  return {
    socket,
    frames,
    isClosed: () => closed,
    write: (bytes) => void socket.write(bytes),
    writeFrame: (body) => void socket.write(frame([body])),
    answer: async () => {
      await until('an answer', () => frames.length > 0 || closed)
      const [first] = frames
      if (first === undefined) throw new Error('closed without an answer')
      return decodeGreeting(first)
    },
    closed: () => until('closed', () => closed),
  }
}
