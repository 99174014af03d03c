// The script that installs a machine (api/installer/README.md): values, functions, then the steps in order. Rendered
// here whole and pure; the machine only runs it, by cloud-init, in the ephemeral system.
import { DISK_FUNCTIONS } from './disk-functions.ts'
import { HTTP_PROGRAM } from './http-program.ts'
import { IMAGE_FUNCTIONS } from './image-functions.ts'
import { netbootPath, statusPath, type ImageKind, type InstallInput } from './install-input.ts'
import { layoutProblems } from './layout-problems.ts'
import { authorizationFields } from './machine-authorization.ts'
import { REPORT_FUNCTIONS } from './report-functions.ts'
import { call, quote } from './shell.ts'
import { findSteps, makeSteps, mountFatSteps, mountSteps } from './storage-steps.ts'
import { isWholeDisk } from './storage-view.ts'
import { SYSTEM_FUNCTIONS } from './system-functions.ts'
import { bootSteps, identitySteps, seedStep } from './system-steps.ts'

/** POSIX sh, for root of the ephemeral system; never throws: what cannot be installed says so when it is run. */
export function renderInstallScript(input: InstallInput): string {
  const problems = layoutProblems(input)
  return [
    HEAD,
    ...valueLines(input),
    PROLOGUE,
    REPORT_FUNCTIONS,
    IMAGE_FUNCTIONS,
    DISK_FUNCTIONS,
    SYSTEM_FUNCTIONS,
    START,
    ...(problems.length > 0 ? [call('fail', problems.join('; '))] : steps(input)),
    '',
  ].join('\n')
}

const HEAD = `#!/bin/sh
# Installs an operating system on this machine's disks. Rendered by Ironraft for this machine and this deployment.
set -eu
umask 022
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive LVM_SUPPRESS_FD_WARNINGS=1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
`

function valueLines(input: InstallInput): readonly string[] {
  const { hostname, architecture, places } = input
  return [
    `NODE_NAME=${quote(hostname)}`,
    `ARCHITECTURE=${quote(architecture)}`,
    `STATUS_PATH=${quote(statusPath(input))}`,
    `PLACES=${quote(places.map(({ base, imageUrl }) => `${base} ${imageUrl}`).join('\n'))}`,
    `OAUTH=${quote(authorizationFields(input.keys))}`,
    'export OAUTH',
  ]
}

const PROLOGUE = `
WORK=/run/ironraft-install
TARGET=$WORK/target
LOG=/tmp/install.log
STAGE= TITLE= HEARTBEAT= COMPLETE= DISKS= BOOT_DISK= ADDED_ESP= IMAGE= PACKAGES=
FIRMWARE=bios
[ ! -d /sys/firmware/efi ] || FIRMWARE=uefi

rm -f "$WORK/reason"
mkdir -p -m 700 "$WORK"
mkdir -p "$TARGET"
printf '%s\\n' "$PLACES" >"$WORK/places"
cat >"$WORK/region_client.py" <<'PYTHON'
${HTTP_PROGRAM}PYTHON
`

const START = `
exec 3>&1 >"$LOG" 2>&1
trap 'ended $?' EXIT
trap 'exit 1' HUP INT TERM
event start cmd-install 'installing' '' 20 ''
`

function steps(input: InstallInput): readonly string[] {
  const { kind, sha256, sizeBytes } = input.image
  const image = [sha256, sizeBytes] as const
  const stages = isWholeDisk(input)
    ? [
        stage('extract', 'writing the disk image', [
          'clear_disks',
          call('write_disk', ...image, ...(DISK_COMMANDS[kind] ?? [])),
          'mount_root_of_disk',
        ]),
        stage('curthooks', 'configuring the system', identitySteps(input)),
      ]
    : [
        stage('partitioning', 'partitioning', [
          'clear_disks',
          ...makeSteps(input),
          ...mountSteps(input),
        ]),
        stage('extract', 'unpacking the image', [
          call('get_image', ...image),
          UNPACK_CALLS[kind] ?? '',
          'forget_image',
          ...mountFatSteps(input),
        ]),
        stage('curthooks', 'configuring the system', [
          ...identitySteps(input),
          ...bootSteps(input),
        ]),
      ]
  return [
    stage('early', 'finding the disks', findSteps(input)),
    ...stages,
    stage('late', 'ending the installation', [
      'cp "$LOG" "$TARGET/var/log/ironraft-install.log"',
      'chmod 0600 "$TARGET/var/log/ironraft-install.log"',
      seedStep(input),
      'release_target',
      'sync',
      call('netboot_off', netbootPath(input)),
    ]),
    `COMPLETE=yes
event finish cmd-install 'installed' SUCCESS 60 log
say 'installed: restarting'
restart`,
  ]
}

function stage(name: string, title: string, lines: readonly string[]): string {
  return [call('begin', name, title), ...lines, 'finish', ''].join('\n')
}

/** What makes the bytes of a disk of the file. */
const DISK_COMMANDS: Readonly<Partial<Record<ImageKind, readonly string[]>>> = {
  ddraw: ['cat'],
  ddgz: ['gzip', '-dc'],
  ddbz2: ['bzip2', '-dc'],
  ddxz: ['xz', '-dc'],
  ddzst: ['zstd', '-dc'],
  ddtar: ['tar', '-x', '-O', '-f', '-'],
  ddtgz: ['tar', '-x', '-z', '-O', '-f', '-'],
  ddtbz: ['tar', '-x', '-j', '-O', '-f', '-'],
  ddtxz: ['tar', '-x', '-J', '-O', '-f', '-'],
}

const UNPACK_CALLS: Readonly<Partial<Record<ImageKind, string>>> = {
  squashfs: 'unpack_squashfs',
  tar: 'unpack_tar',
  tgz: 'unpack_tar -z',
  tbz: 'unpack_tar -j',
  txz: 'unpack_tar -J',
  tzst: 'unpack_tar --zstd',
}
