# Erasing disks: by the disk's own command when that was asked for and works, else all of it written over, or, quickly,
# only what says that something is on it. DISKS_LIST names the disks to a test.

# Every disk that can be written and is not in use. What this system runs from is in RAM; one that is mounted is an
# error, as something would be left.
list_disks() {
  if [ -n "${DISKS_LIST:-}" ]; then
    echo "$DISKS_LIST"
    return
  fi
  for block in /sys/block/*; do
    name=${block##*/}
    case $name in loop* | ram* | zram* | sr* | fd* | dm-* | md* | mtd* | nbd* | bcache*) continue ;; esac
    [ "$(cat "$block/ro")" = 0 ] || continue
    [ "$(cat "$block/size")" -gt 0 ] || continue
    echo "/dev/$name"
  done
}

# Never on a system that was not booted for it.
is_ours() {
  [ -n "${DISKS_LIST:-}" ] || grep -q 'cloud-config-url=' /proc/cmdline
}

# What was assembled from the disks holds them.
let_go() {
  [ -z "${DISKS_LIST:-}" ] || return 0
  swapoff -a 2>/dev/null
  has vgchange && vgchange -an >/dev/null 2>&1
  has mdadm && mdadm --stop --scan >/dev/null 2>&1
  return 0
}

is_mounted() {
  grep -q "^$1[p0-9]* " /proc/mounts
}

size_of() {
  if [ -b "$1" ]; then blockdev --getsize64 "$1"; else wc -c <"$1"; fi
}

# overwrite DISK FIRST-MIB COUNT-MIB
overwrite() {
  dd if=/dev/zero of="$1" bs=1048576 seek="$2" count="$3" conv=notrunc,fsync 2>/dev/null
}

# First and last two MiB, of partitions, too: tables, labels of RAID and LVM, boot sectors.
erase_quickly() {
  for part in "$1" "$1"[0-9]* "$1"p[0-9]*; do
    [ -e "$part" ] || continue
    wipefs -a -f "$part" >/dev/null 2>&1
    mib=$(($(size_of "$part") / 1048576))
    first=$mib
    [ "$first" -le 2 ] || first=2
    [ "$first" -eq 0 ] || overwrite "$part" 0 "$first" || return 1
    # The last one may be a part of a MiB: tail of the device, in sectors.
    sectors=$(($(size_of "$part") / 512))
    back=4096
    [ "$sectors" -ge "$back" ] || back=$sectors
    dd if=/dev/zero of="$part" bs=512 seek=$((sectors - back)) count="$back" \
      conv=notrunc,fsync 2>/dev/null || return 1
  done
}

# By its own command; what it says is not believed further than that: the quick way follows.
erase_securely() {
  case $1 in
    */nvme*)
      has nvme || return 1
      nvme format --force --ses=2 "$1" >/dev/null 2>&1 || nvme format --force --ses=1 "$1" >/dev/null 2>&1
      return
      ;;
  esac
  blkdiscard --secure "$1" >/dev/null 2>&1 && return 0
  erase_ata "$1"
}

# Frozen ones refuse. The password lives until the erasing has ended, which takes it away.
erase_ata() {
  has hdparm || return 1
  says=$(hdparm -I "$1" 2>/dev/null) || return 1
  echo "$says" | grep -q 'not[[:space:]]*frozen' || return 1
  echo "$says" | grep -q 'supported: enhanced erase' && how=--security-erase-enhanced || how=--security-erase
  echo "$says" | grep -q '^[[:space:]]*supported$' || return 1
  hdparm --user-master u --security-set-pass ironraft "$1" >/dev/null 2>&1 || return 1
  hdparm --user-master u "$how" ironraft "$1" >/dev/null 2>&1 && return 0
  hdparm --user-master u --security-disable ironraft "$1" >/dev/null 2>&1
  return 1
}

# In steps, so that it can be told how far it is.
erase_fully() {
  mib=$(($(size_of "$1") / 1048576))
  done_mib=0
  step=256
  while [ "$done_mib" -lt "$mib" ]; do
    left=$((mib - done_mib))
    [ "$step" -le "$left" ] || step=$left
    overwrite "$1" "$done_mib" "$step" || return 1
    done_mib=$((done_mib + step))
    echo "Erasing ${1##*/}: $((100 * done_mib / mib)) %" >"$PROGRESS"
  done
  # The rest that is no whole MiB, and what partitions left.
  erase_quickly "$1"
}

erase_disk() {
  if [ "$SECURE" = yes ]; then
    echo "Erasing ${1##*/} by its own command" >"$PROGRESS"
    erase_securely "$1" && erase_quickly "$1" && return 0
  fi
  if [ "$QUICK" = yes ]; then
    erase_quickly "$1"
  else
    erase_fully "$1"
  fi
}

# LEFT are the disks that could not be erased.
erase_all() {
  LEFT=
  let_go
  for disk in $(list_disks); do
    if is_mounted "$disk" || ! erase_disk "$disk"; then LEFT="$LEFT ${disk##*/}"; fi
  done
}
