// A virtual IPMI BMC: Debian's `ipmi_sim`, whose chassis is a shell script with a file of state. What the machine behind
// it is made to do is a line each in `log`: `boot pxe`, `on`, `off`.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const IPMI_PASSWORD = 'bmc-secret-14'

/** Arguments of `ipmi_sim` for a BMC on `address:port` whose files are in `directory`. */
export async function makeIpmiBmc(options: {
  readonly directory: string
  readonly address: string
  readonly port: number
  readonly log: string
}): Promise<readonly string[]> {
  const { directory, address, port, log } = options
  await mkdir(join(directory, 'state'), { recursive: true })
  const script = join(directory, 'chassis')
  await writeFile(script, chassis(directory, log))
  await chmod(script, 0o755)
  const lan = join(directory, 'lan.conf')
  await writeFile(lan, lanConf(script, address, port))
  const emulator = join(directory, 'bmc.emu')
  await writeFile(emulator, BMC)
  return ['-n', '-c', lan, '-f', emulator, '-s', join(directory, 'state')]
}

const BMC = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 1 0 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

function lanConf(script: string, address: string, port: number): string {
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
user 2 true "maas" "${IPMI_PASSWORD}" admin 10 none md2 md5 straight
`
}

/** The simulator calls it as `get power boot …` and `set power 1 …`, and reads what it prints. */
function chassis(directory: string, log: string): string {
  return `#!/bin/sh
cd ${directory}
[ -e power ] || echo 0 >power
say() { echo "$1" >>${log}; }
word="$1"; shift
if [ "$word" = get ]; then
  for what in "$@"; do
    case "$what" in
      power) echo "power:$(cat power)" ;;
      boot) echo "boot:default" ;;
    esac
  done
  exit 0
fi
while [ $# -ge 2 ]; do
  case "$1" in
    boot) say "boot $2" ;;
    power)
      if [ "$2" != "$(cat power)" ]; then
        [ "$2" = 1 ] && say on || say off
        echo "$2" >power
      fi ;;
    shutdown)
      [ "$(cat power)" = 1 ] && say off
      echo 0 >power ;;
  esac
  shift 2
done
`
}
