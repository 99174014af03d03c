// What the script does to disks, as functions of sh: finding them (nothing written), clearing what earlier systems or
// an earlier, broken installation left, and making tables, volumes and caches. `storage-steps.ts` calls them.

/** Variables: DISKS (those that may be written), BOOT_DISK, FIRMWARE, TARGET, WORK. */
export const DISK_FUNCTIONS = String.raw`
# Before anything is written: every program that the steps will call.
tools() {
  for name in "$@"; do
    command -v "$name" >/dev/null || fail "this system has no $name; nothing was written"
  done
}

whole_disks() {
  for entry in /sys/block/*; do
    case $(basename "$entry") in
      loop* | ram* | zram* | sr* | fd* | dm-* | md* | bcache* | nbd*) ;;
      *) basename "$entry" ;;
    esac
  done
}

# Everything that calls itself this disk's serial number, one a line.
serials_of() {
  cat "/sys/block/$1/serial" "/sys/block/$1/device/serial" 2>/dev/null || :
  lsblk -dno SERIAL "/dev/$1" 2>/dev/null || :
  udevadm info --query=property --name="/dev/$1" 2>/dev/null |
    sed -n 's/^ID_\(SERIAL\|SERIAL_SHORT\|SCSI_SERIAL\)=//p' || :
}

trimmed() { printf '%s' "$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//'; }

disks_of_serial() {
  wanted=$(trimmed "$1")
  for name in $(whole_disks); do
    if serials_of "$name" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' |
      grep -q -x -F -e "$wanted"; then
      echo "/dev/$name"
    fi
  done
}

# find_disk ID_PATH SERIAL NAME BYTES sets FOUND. A name counts only for a disk that has neither
# path nor serial: names move from disk to disk between boots.
find_disk() {
  if [ -n "$1" ] && [ -b "$1" ]; then
    FOUND=$(readlink -f "$1")
  elif [ -n "$2" ]; then
    FOUND=$(disks_of_serial "$2")
  elif [ -z "$1" ] && [ -b "/dev/$3" ]; then
    FOUND=$(readlink -f "/dev/$3")
  else
    FOUND=
  fi
  [ -n "$FOUND" ] || fail "disk $3 (serial $2) is not there; nothing was written"
  [ -b "$FOUND" ] || fail "disk $3 (serial $2) is there more than once; nothing was written"
  bytes=$(blockdev --getsize64 "$FOUND")
  [ "$4" = 0 ] || [ "$bytes" = "$4" ] ||
    fail "disk $3 (serial $2) has $bytes bytes, not the $4 it had; nothing was written"
  [ "$(blockdev --getro "$FOUND")" = 0 ] || fail "disk $3 is read-only; nothing was written"
  if lsblk -lno MOUNTPOINT "$FOUND" | grep -q -x /; then
    fail "disk $3 is what this system runs from; nothing was written"
  fi
  case " $DISKS " in
    *" $FOUND "*) fail "two disks of the layout are one, $FOUND; nothing was written" ;;
  esac
  say "disk $3 is $FOUND"
}

# A group of this name on a disk that is not ours would be taken for the one to make.
volume_group_is_ours() {
  for volume in $(pvs --noheadings -o pv_name -S "vg_name=$1" 2>/dev/null); do
    parent=$(lsblk -sno PATH "$volume" | tail -n 1)
    case " $DISKS " in
      *" $parent "*) ;;
      *) fail "volume group $1 is on $volume, a disk the layout does not use" ;;
    esac
  done
}

uefi_needs_esp() {
  [ "$FIRMWARE" != uefi ] ||
    fail 'the firmware is UEFI and the layout has neither an EFI system partition nor space for one'
}

settle() { udevadm settle --timeout=30 2>/dev/null || :; }

# Ends the use of everything: what an earlier system has here and what a broken installation left.
stop_all() {
  swapoff -a || :
  vgchange -q -an >/dev/null 2>&1 || :
  for device in /sys/block/md*; do
    [ ! -e "$device" ] || mdadm --stop "/dev/$(basename "$device")" || :
  done
  for file in /sys/block/bcache*/bcache/stop /sys/fs/bcache/*-*/stop; do
    [ ! -e "$file" ] || echo 1 >"$file" || :
  done
  settle
}

parts_of() { lsblk -lnpo NAME,TYPE "$1" | sed -n 's/ *part$//p'; }

# Old signatures first in the partitions, then on the disk: none may come back in a new partition.
clear_disk() {
  for device in $(parts_of "$1"); do
    umount -l "$device" 2>/dev/null || :
    wipefs -q -a -f "$device" || :
  done
  wipefs -q -a -f "$1" || fail "$1 is in use by something else"
  sectors=$(($(blockdev --getsize64 "$1") / 1048576))
  dd if=/dev/zero of="$1" bs=1M count=1 conv=fsync 2>/dev/null
  dd if=/dev/zero of="$1" bs=1M count=1 seek=$((sectors - 1)) conv=fsync 2>/dev/null
  blockdev --rereadpt "$1" 2>/dev/null || :
}

# Twice: what udev put together again while the first pass went on is gone after the second.
clear_disks() {
  release_target
  for pass in 1 2; do
    stop_all
    for disk in $DISKS; do clear_disk "$disk"; done
    settle
  done
}

# write_table DEVICE SFDISK_INPUT
write_table() {
  printf '%s' "$2" | sfdisk -q --wipe always --wipe-partitions always "$1"
  settle
}

# part DEVICE NUMBER prints the partition's device, once it is there.
part() {
  case $1 in
    *[0-9]) node=$1""p$2 ;;
    *) node=$1$2 ;;
  esac
  for try in 1 2 3 4 5 6 7 8 9 10; do
    if [ -b "$node" ]; then
      echo "$node"
      return
    fi
    partx -u "$1" 2>/dev/null || :
    sleep 1
  done
  fail "$node did not appear"
}

clear_part() { wipefs -q -a -f "$1"; }

# A new RAID copies its empty members: that waits for the installed system, or it and the
# installation fight for the disks. In KiB/s; md(4) tells of both limits.
slow_resync() {
  for limit in min max; do
    echo 1000 >"/proc/sys/dev/raid/speed_limit_$limit" || :
  done
}

# make_volume GROUP NAME EXTENTS MEMBERS: the group may have lost an extent per member to its own
# bookkeeping.
make_volume() {
  free=$(($(vgs --noheadings -o vg_free_count "$1")))
  extents=$3
  if [ "$free" -lt "$extents" ] && [ $((free + $4)) -ge "$extents" ]; then extents=$free; fi
  lvcreate -q -y -W y -Z y -n "$2" -l "$extents" "$1"
  settle
}

make_cache() {
  modprobe bcache
  [ ! -e "/sys/fs/bcache/$2" ] || return 0
  make-bcache --wipe-bcache --cset-uuid "$2" -C "$1"
  register "$1"
}

# make_backing DEVICE CACHE_SET MODE
make_backing() {
  make-bcache --wipe-bcache -B "$1"
  register "$1"
  bcache_of "$1" >/dev/null
  state=/sys/class/block/$(basename "$(readlink -f "$1")")/bcache
  case $(cat "$state/state") in
    'no cache') echo "$2" >"$state/attach" ;;
  esac
  echo "$3" >"$state/cache_mode"
}

# udev may have been first.
register() {
  settle
  echo "$1" >/sys/fs/bcache/register 2>/dev/null || :
}

bcache_of() {
  link=/sys/class/block/$(basename "$(readlink -f "$1")")/bcache/dev
  for try in 1 2 3 4 5 6 7 8 9 10; do
    if [ -e "$link" ]; then
      echo "/dev/$(basename "$(readlink -f "$link")")"
      return
    fi
    sleep 1
  done
  fail "$1 did not become a bcache"
}

# mount_at DEVICE PATH. Without the layout's options: noexec or ro would stop the installation.
mount_at() {
  mkdir -p "$TARGET$2"
  mount "$1" "$TARGET$2"
}

# What the image has where a FAT filesystem is mounted is copied into it, without owners.
mount_fat() {
  mkdir -p "$TARGET$2" "$WORK/fat"
  mount "$1" "$WORK/fat"
  cp -rL "$TARGET$2/." "$WORK/fat/"
  umount "$WORK/fat"
  mount "$1" "$TARGET$2"
}

release_target() {
  for try in 1 2 3; do
    mountpoint -q "$TARGET" || return 0
    umount -R "$TARGET" 2>/dev/null || sleep 1
  done
  umount -R -l "$TARGET"
}
`
