// Virtual machines of libvirt, by Debian's virsh. The connection is libvirt's URI (`qemu:///system`,
// `qemu+ssh://user@host/system` with a key of the rack's user). A one-off boot device does not exist there: the
// domain's own order has to begin with the network.
import { needed, PowerFailure, type PowerDriver, type PowerParameters } from './driver.ts'
import { lastLine, type RunTool } from './run-tool.ts'

/** Without `ext`, whose program runs on this host, and `test`, which reads files. */
const SCHEME = String.raw`(?!test)[a-z]+(?:\+(?:unix|ssh|libssh2?|tls|tcp))?`
const PLACE = String.raw`(?:[\w.]+@)?(?:\w[\w.-]*|\[[\da-f:.]+\])?(?::\d{1,5})?`
const REST = String.raw`(?:\/[\w./-]*)?(?:\?([\w.=&/-]*))?`
const URI = new RegExp(`^${SCHEME}://${PLACE}${REST}$`, 'i')
/** Others name programs (`command`, `netcat`) or choose between them. */
const OPTIONS = new Set([
  ...['socket', 'mode', 'keyfile', 'known_hosts', 'known_hosts_verify'],
  ...['no_verify', 'no_tty', 'no_sanity', 'sshauth', 'pkipath'],
])
/** Nothing that virsh could take for an option. */
export const DOMAIN = /^[A-Za-z0-9_.+:][A-Za-z0-9_.+: -]*$/

export function virshDriver(runTool: RunTool): PowerDriver {
  const ask = async (
    parameters: PowerParameters,
    word: string,
    signal: AbortSignal,
  ): Promise<string> => {
    const domain = needed(parameters, 'power_id')
    if (!DOMAIN.test(domain)) {
      throw new PowerFailure('settings', 'the power parameter power_id is no name of a domain')
    }
    return await askVirsh({ run: runTool, parameters, words: [word, domain], signal })
  }
  /** libvirt refuses to start what runs and to end what does not: that is what was wanted. */
  const askUnless = async (
    [parameters, word, done]: readonly [PowerParameters, string, RegExp],
    signal: AbortSignal,
  ): Promise<void> => {
    await ask(parameters, word, signal).catch((error: unknown) => {
      if (!(error instanceof PowerFailure && done.test(error.message))) throw error
    })
  }
  return {
    query: async (parameters, signal) => {
      const state = (await ask(parameters, 'domstate', signal)).trim()
      if (['running', 'idle', 'paused', 'blocked', 'pmsuspended'].includes(state)) return 'on'
      return ['shut off', 'crashed'].includes(state) ? 'off' : 'unknown'
    },
    turnOn: (parameters, signal) => askUnless([parameters, 'start', /already active/], signal),
    turnOff: (parameters, { soft }, signal) =>
      askUnless([parameters, soft ? 'shutdown' : 'destroy', /not running/], signal),
  }
}

/** Whoever may name a BMC may not name a program of this host: libvirt's URIs can. */
function isHarmless(uri: string): boolean {
  const match = URI.exec(uri)
  if (match === null) return false
  const options = (match[1] ?? '').split('&').filter((each) => each !== '')
  return options.every((each) => OPTIONS.has(each.split('=', 1)[0] ?? ''))
}

/** What virsh prints for `words` at the libvirt of `power_address`. */
export async function askVirsh(asked: {
  readonly run: RunTool
  readonly parameters: PowerParameters
  readonly words: readonly string[]
  readonly signal: AbortSignal
}): Promise<string> {
  const { run, parameters, words, signal } = asked
  const uri = needed(parameters, 'power_address')
  if (!isHarmless(uri)) {
    throw new PowerFailure('settings', 'the power parameter power_address is no libvirt URI for us')
  }
  if ((parameters['power_pass'] ?? '') !== '' && uri.includes('+ssh:')) {
    throw new PowerFailure('settings', 'libvirt over SSH needs a key, not the password power_pass')
  }
  const args = ['--quiet', '--connect', uri, ...words]
  const tool = { tool: 'virsh', args, env: {}, signal, debianPackage: 'libvirt-clients' }
  const { code, stdout, stderr } = await run(tool)
  if (code === 0) return stdout
  const said = lastLine(stderr)
  const isAway = /failed to connect|connection|no route|timed out/i.test(stderr)
  throw new PowerFailure(isAway ? 'unreachable' : 'refused', `virsh: ${said}`)
}
