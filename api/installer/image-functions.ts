// How the script gets the image and writes it. Nothing of an image is unpacked, and no disk can start from it, before
// its length and SHA-256 are found right:
//  - a root filesystem is taken from the running system when it is the same, else fetched whole, into memory where it
//    fits, else into a file on the new root;
//  - a disk image is fetched into memory where it fits; else it is checked while it streams to the disk, whose first
//    MiB (partition table, boot record) stays in memory and is written last, when the rest is found right.

/** Memory to leave free beside an image, in bytes. */
const MEMORY_RESERVE_BYTES = 256 << 20

/** Variables: WORK, TARGET, BOOT_DISK; `get_image` sets IMAGE. */
export const IMAGE_FUNCTIONS = String.raw`
has_memory() {
  free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
  [ $((free * 1024)) -gt $(($1 + ${MEMORY_RESERVE_BYTES})) ]
}

# A file system of memory for the image; dropped by forget_image.
in_memory() {
  mkdir -p "$WORK/memory"
  mount -t tmpfs -o "size=$(($1 + 1048576)),mode=700" tmpfs "$WORK/memory"
  IMAGE=$WORK/memory/image
}

forget_image() {
  [ "$IMAGE" != "$TARGET/.ironraft-image" ] || rm -f "$IMAGE"
  ! mountpoint -q "$WORK/memory" || umount "$WORK/memory"
  IMAGE=
}

fetch() { python3 "$WORK/region_client.py" fetch "$@"; }

# The image this system runs from, when it is the one: BYTES SHA256.
is_running() {
  running=/run/ironraft/root.squashfs
  [ -f "$running" ] && [ "$(stat -c %s "$running")" = "$1" ] &&
    [ "$(sha256sum <"$running" | cut -c 1-64)" = "$2" ]
}

# get_image SHA256 BYTES
get_image() {
  if is_running "$2" "$1"; then
    say 'the image is the one that runs here'
    IMAGE=/run/ironraft/root.squashfs
    return
  fi
  if has_memory "$2"; then in_memory "$2"; else IMAGE=$TARGET/.ironraft-image; fi
  say 'fetching the image'
  fetch "$1" "$2" >"$IMAGE" || fail 'the image was not fetched, or is not what was asked for'
  say 'the digest of the image is right'
}

# With its own 512 MiB of queues it was killed for memory on a machine of 640 MiB.
unpack_squashfs() { unsquashfs -q -n -da 64 -fr 64 -f -d "$TARGET" "$IMAGE"; }

# unpack_tar OPTION: how it is packed.
unpack_tar() {
  tar -C "$TARGET" --numeric-owner --xattrs --xattrs-include='*' -x -p "$@" -f "$IMAGE"
}

image_stream() {
  if [ -n "$IMAGE" ]; then cat "$IMAGE"; else fetch "$@"; fi
}

# The first MiB into a file, the rest to its place.
all_but_first() {
  dd bs=1M count=1 iflag=fullblock of="$WORK/first" 2>/dev/null &&
    dd bs=1M seek=1 iflag=fullblock conv=notrunc,fsync of="$BOOT_DISK" 2>/dev/null
}

broken() { echo "$1" >>"$WORK/broken"; }

# write_disk SHA256 BYTES COMMAND: what turns the file into the bytes of a disk.
write_disk() {
  sum=$1
  size=$2
  shift 2
  IMAGE=
  if has_memory "$size"; then
    in_memory "$size"
    fetch "$sum" "$size" >"$IMAGE" ||
      fail 'the image was not fetched, or is not what was asked for'
  fi
  rm -f "$WORK/broken"
  { image_stream "$sum" "$size" || broken 'reading the image'; } |
    { "$@" || broken 'decompressing'; } |
    { all_but_first || broken 'writing the disk'; }
  if [ -e "$WORK/broken" ]; then
    clear_disk "$BOOT_DISK"
    fail "the image was refused, the disk does not start: $(tr '\n' ';' <"$WORK/broken")"
  fi
  dd if="$WORK/first" of="$BOOT_DISK" bs=1M conv=notrunc,fsync 2>/dev/null
  forget_image
  blockdev --rereadpt "$BOOT_DISK" 2>/dev/null || partx -u "$BOOT_DISK" || :
  settle
}

# The root of what a disk image holds: the filesystem with a cloud-init to tell of its metadata.
mount_root_of_disk() {
  vgchange -q -ay >/dev/null 2>&1 || :
  settle
  for device in $(lsblk -lnpo NAME "$BOOT_DISK"); do
    mount "$device" "$TARGET" 2>/dev/null || continue
    if [ -d "$TARGET/etc/cloud" ]; then return; fi
    umount "$TARGET"
  done
  fail 'the disk image has no filesystem with /etc/cloud: it could not say that it runs'
}
`
