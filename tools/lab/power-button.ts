// The power button of a virtual machine: a shell script that is the only thing that starts and ends its QEMU, whoever
// pressed it (IPMI, Redfish, `ironraft lab power`). `on none|pxe|disk` boots from that device this once, `none` in the
// machine's own order: network, then disk. Doing again what is so already does nothing; presses wait for one another.
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Lab, type LabMachine, machineDirectory } from './plan.ts'
import { OVMF_VARIABLES, qemuArguments } from './qemu-arguments.ts'
import { runCommand } from './run-command.ts'

const DISK_SIZE = '8G'

export function buttonOf(lab: Lab, machine: LabMachine): string {
  return join(machineDirectory(lab, machine), 'power')
}

export function consoleOf(lab: Lab, machine: LabMachine): string {
  return join(machineDirectory(lab, machine), 'serial.log')
}

/** The directory of a machine with an empty disk, switched off. */
export async function makeMachine(lab: Lab, machine: LabMachine): Promise<void> {
  const directory = machineDirectory(lab, machine)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await runCommand('qemu-img', ['create', '-q', '-f', 'qcow2', diskOf(directory), DISK_SIZE])
  if (machine.firmware === 'uefi') await copyFile(OVMF_VARIABLES, variablesOf(directory))
  await writeFile(consoleOf(lab, machine), '')
  const button = buttonOf(lab, machine)
  await writeFile(button, script(lab, machine))
  await chmod(button, 0o755)
}

const diskOf = (directory: string): string => join(directory, 'disk.qcow2')
const variablesOf = (directory: string): string => join(directory, 'variables.fd')

/** A process that has the pid of our QEMU is ours only if it has our disk; one that ended has no command line. */
function script(lab: Lab, machine: LabMachine): string {
  const directory = machineDirectory(lab, machine)
  return `#!/bin/sh
# Power button of ${machine.name}: on [none|pxe|disk], off, status.
cd '${directory}' || exit 1
is_on() { [ -s pid ] && grep -qF '${diskOf(directory)}' "/proc/$(cat pid)/cmdline" 2>/dev/null; }
[ "$1" = status ] && { is_on && echo on || echo off; exit 0; }
exec 9>lock
flock 9 || exit 1
case "$1" in
  off)
    is_on || exit 0
    kill -9 "$(cat pid)"
    while is_on; do sleep 0.02; done
    rm -f pid
    echo off >>power.log ;;
  on)
    is_on && exit 0
    boot="\${2:-none}"
    case "$boot" in
      disk) set -- ${quoted(lab, machine, 'disk')} ;;
      *) set -- ${quoted(lab, machine, 'network')} ;;
    esac
    mv -f serial.log serial.log.1 2>/dev/null
    : >serial.log
    # Sockets of the BMC must not live on in the machine.
    ip netns exec '${lab.switchNamespace}' qemu-system-x86_64 "$@" -daemonize -pidfile pid \\
      </dev/null >qemu.log 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || exit 1
    echo "on $boot" >>power.log ;;
  *) exit 2 ;;
esac
`
}

function quoted(lab: Lab, machine: LabMachine, bootFirst: 'network' | 'disk'): string {
  const directory = machineDirectory(lab, machine)
  const { mac, firmware, name: serial, uuid, tap } = machine
  const words = qemuArguments({
    ...{ mac, firmware, serial, uuid, tap, bootFirst },
    disk: diskOf(directory),
    variables: variablesOf(directory),
    console: consoleOf(lab, machine),
    accelerator: lab.accelerator,
    memoryMib: lab.memoryMib,
    cpuCount: lab.cpuCount,
  })
  return words.map((word) => `'${word}'`).join(' ')
}
