// A virtual IPMI BMC: Debian's `ipmi_sim`, whose chassis is a power button (`power-button.ts`): a program that is
// called as `BUTTON on none|pxe|disk`, `BUTTON off` and `BUTTON status`. A boot device that was asked for is good
// once, as with real BMCs. Cipher suite 3 only; suite 0 of the simulator takes any password, so it belongs into a
// namespace.
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Arguments of `ipmi_sim` for a BMC on `address:port` whose files are in `directory`. */
export async function makeIpmiBmc(options: {
  readonly directory: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** At most 16 letters and digits. */
  readonly password: string
  readonly button: string
}): Promise<readonly string[]> {
  const { directory, button } = options
  const state = join(directory, 'state')
  // What the simulator kept would outweigh its configuration.
  await rm(state, { recursive: true, force: true })
  await mkdir(state, { recursive: true })
  const script = join(directory, 'chassis')
  await writeFile(script, chassis(directory, button))
  await chmod(script, 0o755)
  const lan = join(directory, 'lan.conf')
  await writeFile(lan, lanConf(script, options), { mode: 0o600 })
  const emulator = join(directory, 'bmc.emu')
  await writeFile(emulator, BMC)
  return ['-n', '-c', lan, '-f', emulator, '-s', state]
}

const BMC = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 1 0 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

function lanConf(
  script: string,
  bmc: {
    readonly address: string
    readonly port: number
    readonly user: string
    readonly password: string
  },
): string {
  const { address, port, user, password } = bmc
  return `name "bmc"
set_working_mc 0x20
startlan 1
  addr ${address} ${port}
  priv_limit admin
  allowed_auths_callback none md2 md5 straight
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid a123456789abcdefa123456789abcdef
endlan
chassis_control "${script}"
startnow false
user 1 false "" "" user 10 none md2 md5 straight
user 2 true "${user}" "${password}" admin 10 none md2 md5 straight
`
}

/** The simulator calls it as `get power boot …` and `set power 1 …`, waits for it and reads what it prints. */
function chassis(directory: string, button: string): string {
  return `#!/bin/sh
cd '${directory}' || exit 1
button='${button}'
turn_on() {
  [ "$("$button" status)" = on ] && return
  boot=$(cat boot 2>/dev/null || echo none)
  rm -f boot
  "$button" on "$boot"
}
word="$1"; shift
if [ "$word" = get ]; then
  for what in "$@"; do
    case "$what" in
      power) [ "$("$button" status)" = on ] && echo power:1 || echo power:0 ;;
      boot) echo "boot:$(cat boot 2>/dev/null || echo default)" ;;
    esac
  done
  exit 0
fi
while [ $# -ge 2 ]; do
  case "$1" in
    boot)
      case "$2" in
        pxe | disk) echo "$2" >boot ;;
        *) rm -f boot ;;
      esac ;;
    power) [ "$2" = 1 ] && turn_on || "$button" off ;;
    reset) "$button" off; turn_on ;;
    shutdown) "$button" off ;;
  esac
  shift 2
done
`
}
