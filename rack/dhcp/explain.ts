// What this rack would do with a packet, and why, in words: the functions that decide about real packets, run on one
// that nobody sent. Pure; nothing is offered, bound or remembered by it.
import type { DhcpAnswer } from '#model/explain.ts'
import { namedOption } from '#model/dhcp-option-names.ts'
import { formatIpv4, ipv4FromBytes, type Ipv4 } from '#model/ipv4.ts'
import type { RackToRegionReply } from '#protocol/rack.ts'
import { bootClientOf } from './boot-files.ts'
import {
  answerBind,
  decide,
  type DecideContext,
  type Decision,
  type IgnoreReason,
} from './decide.ts'
import type { Arrival } from './locate.ts'
import { Offers } from './offers.ts'
import { OPTION, readIpv4 } from './options.ts'
import type { DhcpPacket } from './packet.ts'
import { chooseParameters, parametersOf } from './parameters.ts'
import { addressOf, type Answer } from './reply.ts'
import { WaitingClients } from './waiting-clients.ts'

type BindCommand = Extract<Decision, { type: 'bind' }>['command']

export type ExplainContext = Pick<DecideContext, 'rackId' | 'index' | 'ownAddresses'> & {
  /** What a region would answer to the bind now. */
  readonly judge: (command: BindCommand) => RackToRegionReply
  readonly httpPort: number
}

export function explainPacket(
  packet: DhcpPacket,
  arrival: Arrival,
  context: ExplainContext,
): DhcpAnswer {
  const { index, judge } = context
  const steps: string[] = []
  const fresh = { offers: new Offers(), waiting: new WaitingClients(), nowMs: 0 }
  const first = decide(packet, arrival, {
    ...{ ...fresh, rackId: context.rackId, index, ownAddresses: context.ownAddresses },
    ...{ rights: undefined, isConnected: true },
  })
  let decision = first
  if (first.type === 'bind') {
    const { exchange, command } = first
    const ip = formatIpv4(command.ip)
    steps.push(`It is a DHCPREQUEST (${command.kind}) for ${ip}: a region is asked to bind it.`)
    const reply = judge(command)
    steps.push(...verdictOf(reply))
    decision = answerBind(exchange, command, reply)
  }
  switch (decision.type) {
    case 'offer':
      steps.push(whyOffered(decision, context))
      return answered(decision, steps, context)
    case 'ack':
    case 'inform':
    case 'nak':
      return answered(decision, steps, context)
    case 'ignore':
      return silence([...steps, WHY_SILENT[decision.reason]])
    case 'bind':
    case 'ackOffline':
    case 'tell':
      return silence([...steps, 'The message gets no answer.'])
    default:
      return decision satisfies never
  }
}

function silence(steps: readonly string[]): DhcpAnswer {
  return { answer: 'silence', steps, address: null, boot: null, options: [] }
}

function verdictOf(reply: RackToRegionReply): readonly string[] {
  if (!reply.ok) return []
  const { outcome } = reply
  return [outcome.ok ? 'The region would bind it.' : `The region would refuse: ${outcome.message}`]
}

function whyOffered(
  { exchange, ip }: Extract<Decision, { type: 'offer' }>,
  { index }: ExplainContext,
): string {
  const { packet, client } = exchange
  const text = formatIpv4(ip)
  if (index.reservation(ip)?.client === client.key) return `${text} is reserved for the client.`
  if (index.linkedAddressesOf(client.mac).includes(ip))
    return `${text} is linked to the client's interface.`
  const hold = index.hold(ip)
  if (hold?.client === client.key) {
    return hold.until > index.stamp
      ? `${text} is leased to the client.`
      : `${text} was the client's last address and is free.`
  }
  if (readIpv4(packet.options, OPTION.REQUESTED_ADDRESS) === ip) {
    return `${text} is free, and the client asks for it.`
  }
  return `${text} is the first free address from the client's place in the pool on.`
}

function answered(answer: Answer, steps: string[], context: ExplainContext): DhcpAnswer {
  if (answer.type === 'nak')
    return { ...silence([...steps, `NAK: ${answer.message}.`]), answer: 'nak' }
  const { exchange } = answer
  const ip = addressOf(answer)
  const parameters = parametersOf(context.index, { exchange, ip }, context.httpPort)
  const { file, sname, chosen } = chooseParameters(exchange, parameters)
  const { filename, nextServer, serverName, defaultLease, maxLease } = parameters.settings
  const client = bootClientOf(exchange.packet.options)
  const kind = client.kind === 'none' ? 'no network boot client' : `a boot client (${client.kind})`
  steps.push(`It is ${kind} of architecture ${client.architecture}.`)
  if (file === '' && client.kind !== 'none') steps.push('Nothing that we have boots there.')
  if (filename !== undefined) steps.push(`The boot file is from ${filename.origin}.`)
  const server = nextServer ?? serverName
  if (server !== undefined) steps.push(`The boot server is from ${server.origin}.`)
  for (const set of [defaultLease, maxLease]) {
    if (set !== undefined && answer.type !== 'inform') {
      steps.push(`A lease time is from ${set.origin}: ${set.value} s.`)
    }
  }
  return {
    answer: answer.type === 'offer' ? 'offer' : 'ack',
    steps,
    address: answer.type === 'inform' ? null : { ip, leaseSeconds: answer.leaseSeconds },
    boot: file === '' ? null : { file, server: sname },
    options: [
      ...protocolOptions(answer),
      ...chosen.map(({ code, value, scope, origin }) => ({ ...shown(code, value), scope, origin })),
    ],
  }
}

function protocolOptions(answer: Exclude<Answer, { type: 'nak' }>): DhcpAnswer['options'] {
  const own = { scope: null, origin: 'the server' }
  const { serverId } = answer.exchange
  const server = { code: 54, name: 'dhcp-server-identifier', value: formatIpv4(serverId), ...own }
  if (answer.type === 'inform') return [server]
  const value = String(answer.leaseSeconds)
  return [server, { code: 51, name: 'dhcp-lease-time', value, ...own }]
}

const ADDRESSES: ReadonlySet<string> = new Set(['ipv4', 'ipv4-list', 'ipv4-pairs'])
const OWN_NAMES: ReadonlyMap<number, string> = new Map([
  ...([
    [1, 'subnet-mask'],
    [60, 'vendor-class-identifier'],
    [66, 'tftp-server-name'],
  ] as const),
  ...([
    [67, 'bootfile-name'],
    [175, 'ipxe'],
  ] as const),
])

function shown(code: number, value: Uint8Array) {
  const known = namedOption(code)
  const name = known?.name ?? OWN_NAMES.get(code) ?? null
  const type = known?.type ?? (code === OPTION.SUBNET_MASK ? 'ipv4' : undefined)
  if (type !== undefined && ADDRESSES.has(type)) {
    return { code, name, value: addressesIn(value).map(formatIpv4).join(', ') }
  }
  if (/^u?int/.test(type ?? '')) {
    const number = value.reduce((sum, octet) => sum * 256 + octet, 0)
    return { code, name, value: String(type === 'int32' ? number | 0 : number) }
  }
  const isText = value.length > 0 && value.every((octet) => octet >= 32 && octet < 127)
  return { code, name, value: Buffer.from(value).toString(isText ? 'latin1' : 'hex') }
}

function addressesIn(value: Uint8Array): readonly Ipv4[] {
  return Array.from({ length: Math.floor(value.length / 4) }, (_, at) =>
    ipv4FromBytes(value, at * 4),
  )
}

const WHY_SILENT: { readonly [R in IgnoreReason]: string } = {
  not_a_request: 'It is no request of a client.',
  hardware_address: 'Its hardware address is none that is served.',
  relay_information_too_long: 'What the relay added is too long to go back with an answer.',
  no_subnet: 'The address of the relay or client is in no subnet that the rack serves.',
  dhcp_off: 'DHCP is off on the VLAN, or it has no subnet.',
  not_our_vlan: 'The rack is none of those that serve the VLAN.',
  no_server_address: 'The rack has no address of its own on the link.',
  standby: 'Another rack comes first: this one waits to see whether that is silent.',
  pool_exhausted: 'No address is free in the dynamic ranges of the VLAN.',
  other_server: 'The client chose another server.',
  no_address_named: 'It names no address.',
  not_the_holder: 'The client does not have the address that it names.',
  reply_message: 'It is an answer of a server.',
  no_quorum: 'No region answers.',
  no_rights: 'The rack may not answer without a region.',
  refused: 'The refusal says nothing that a client may be told: it asks again.',
  probe: 'It is the question of a rack for other servers.',
}
