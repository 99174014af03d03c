// What the script does to the unpacked system: files of its own, the way to its metadata, packages that the layout
// needs and the image lacks, and boot loaders for both firmwares.

/** Variables: WORK, TARGET, FIRMWARE, ADDED_ESP. */
export const SYSTEM_FUNCTIONS = String.raw`
# write_file PATH MODE TEXT. A link of the image is replaced, never followed.
write_file() {
  mkdir -p "$TARGET$(dirname "$1")"
  rm -f "$TARGET$1"
  (umask 077 && printf '%s' "$3" >"$TARGET$1")
  chmod "$2" "$TARGET$1"
}

# write_seed PATH BEFORE AFTER: around the base of the rack that answered last.
write_seed() { write_file "$1" 0600 "$2$(sed -n '1s/ .*//p' "$WORK/places")$3"; }

# Each machine is somebody else than the image was.
forget_identity() {
  rm -rf "$TARGET/var/lib/cloud" "$TARGET/var/lib/systemd/random-seed"
  rm -f "$TARGET/etc/cloud/cloud-init.disabled"
  if [ -f "$TARGET/var/lib/dbus/machine-id" ] && [ ! -L "$TARGET/var/lib/dbus/machine-id" ]; then
    rm -f "$TARGET/var/lib/dbus/machine-id"
  fi
  write_file /etc/machine-id 0444 ''
}

# cloud-init fails its module where no locale can be made. What user data says of it wins.
settle_locale() {
  [ ! -x "$TARGET/usr/sbin/locale-gen" ] || return 0
  write_file /etc/cloud/cloud.cfg.d/91-ironraft-locale.cfg 0644 'locale: false
'
}

# write_network YAML
write_network() {
  off='network: {config: disabled}
'
  if [ -x "$TARGET/usr/sbin/netplan" ]; then
    rm -f "$TARGET"/etc/netplan/*.yaml
    write_file /etc/netplan/50-ironraft.yaml 0600 "$1"
    write_file /etc/cloud/cloud.cfg.d/99-ironraft-network.cfg 0644 "$off"
  else
    write_file /etc/cloud/cloud.cfg.d/99-ironraft-network.cfg 0600 "$1"
  fi
}

bind_target() {
  for directory in dev dev/pts proc sys run; do
    mkdir -p "$TARGET/$directory"
    mount --bind "/$directory" "$TARGET/$directory"
  done
}

in_target() { chroot "$TARGET" "$@"; }

has() { in_target sh -c 'command -v "$1" >/dev/null' sh "$1"; }

# need COMMAND PACKAGE
need() { has "$1" || PACKAGES="$PACKAGES $2"; }

need_boot_loader() {
  case $FIRMWARE-$ARCHITECTURE in
    bios-amd64) set -- i386-pc 'grub2-common grub-pc-bin' ;;
    uefi-amd64) set -- x86_64-efi 'grub2-common grub-efi-amd64-bin grub-efi-amd64-signed shim-signed' ;;
    *) set -- arm64-efi 'grub2-common grub-efi-arm64-bin grub-efi-arm64-signed shim-signed' ;;
  esac
  { has grub-install || has grub2-install; } && [ -d "$TARGET/usr/lib/grub/$1" ] ||
    PACKAGES="$PACKAGES $2"
}

need_kernel() {
  [ -z "$(kernels)" ] || return 0
  case $(sed -n 's/^ID=//p' "$TARGET/etc/os-release" | tr -d '"') in
    ubuntu) PACKAGES="$PACKAGES linux-generic" ;;
    *) PACKAGES="$PACKAGES linux-image-$ARCHITECTURE" ;;
  esac
}

kernels() { ls -1 "$TARGET/boot" | grep '^vmlinu[xz]-' | sort -V || :; }

# Images that come without a kernel or boot loader (Ubuntu's) get them from their own archive.
install_packages() {
  [ -n "$PACKAGES" ] || return 0
  has apt-get || fail "the image lacks$PACKAGES and has no apt-get to install them"
  say "the image lacks$PACKAGES: installing"
  policy=$TARGET/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    write_file /usr/sbin/policy-rc.d 0755 '#!/bin/sh
exit 101
'
  else
    policy=
  fi
  resolver=$TARGET/etc/resolv.conf
  rm -f "$resolver.ironraft"
  [ ! -e "$resolver" ] && [ ! -L "$resolver" ] || mv "$resolver" "$resolver.ironraft"
  cp -L /etc/resolv.conf "$resolver" || :
  # PACKAGES is a list of our own words.
  in_target apt-get -q -o Acquire::Retries=3 update &&
    in_target apt-get -q -y --no-install-recommends install $PACKAGES ||
    fail "the image lacks$PACKAGES, which could not be installed"
  rm -f "$resolver"
  [ ! -e "$resolver.ironraft" ] && [ ! -L "$resolver.ironraft" ] ||
    mv "$resolver.ironraft" "$resolver"
  [ -z "$policy" ] || rm -f "$policy"
}

# For a root on RAID, LVM or bcache: what the initramfs must know to find it.
write_arrays() {
  file=/etc/mdadm/mdadm.conf
  [ -d "$TARGET/etc/mdadm" ] || file=/etc/mdadm.conf
  kept=$(grep -v '^ARRAY' "$TARGET$file" 2>/dev/null || :)
  write_file "$file" 0644 "$kept
$(mdadm --detail --scan)
"
}

refresh_initramfs() {
  say 'making the initramfs'
  if has update-initramfs; then
    in_target update-initramfs -u -k all
  elif has dracut; then
    in_target dracut -f --regenerate-all
  else
    fail 'the image has neither update-initramfs nor dracut'
  fi
}

mount_added_esp() {
  [ -n "$ADDED_ESP" ] || return 0
  mkfs.vfat -F 32 -n ESP "$ADDED_ESP"
  mount_fat "$ADDED_ESP" /boot/efi
  echo "UUID=$(blkid -s UUID -o value "$ADDED_ESP") /boot/efi vfat defaults 0 0" \
    >>"$TARGET/etc/fstab"
}

grub_install() {
  say "installing the boot loader: $*"
  if has grub-install; then in_target grub-install "$@"; else in_target grub2-install "$@"; fi
}

# The firmware in use must find its loader; the other one's is there too when the image has it.
not_bootable() {
  [ "$FIRMWARE" != "$1" ] || fail "no boot loader for $1 could be installed"
  say "no boot loader for $1: this machine does not use it"
}

grub_bios() {
  [ -d "$TARGET/usr/lib/grub/i386-pc" ] && grub_install --target=i386-pc "$1" || not_bootable bios
}

# In the place of removable media: found by every firmware, with nothing written to its memory.
grub_efi() {
  mountpoint -q "$TARGET/boot/efi" && [ -d "$TARGET/usr/lib/grub/$1" ] &&
    grub_install --target="$1" --efi-directory=/boot/efi --no-nvram --removable \
      --uefi-secure-boot || not_bootable uefi
}

# write_grub_config BOOT_UUID PREFIX ARGUMENTS. Ours is short and takes no minute; update-grub of the installed system
# writes its own over it, with the same arguments from /etc/default/grub.d.
write_grub_config() {
  kernel=$(kernels | tail -n 1)
  [ -n "$kernel" ] || fail 'the image has no kernel'
  version=$(echo "$kernel" | cut -d - -f 2-)
  directory=/boot/grub
  [ ! -d "$TARGET/boot/grub2" ] || directory=/boot/grub2
  initrd=
  for file in "initrd.img-$version" "initramfs-$version.img" "initrd-$version"; do
    [ ! -e "$TARGET/boot/$file" ] || initrd="
  initrd $2/$file"
  done
  write_file "$directory/grub.cfg" 0600 "# Written by Ironraft's installer; update-grub replaces it.
set default=0
set timeout=2
search --no-floppy --fs-uuid --set=root $1
menuentry 'Linux $version' {
  linux $2/$kernel $3$initrd
}
"
}

# netboot_off PATH: the rack must not start the installer again. Unsigned, as MAAS's own late command is.
netboot_off() {
  printf 'op=netboot_off' >"$WORK/netboot-off"
  (
    OAUTH=
    post "$1" "$WORK/netboot-off" application/x-www-form-urlencoded 300
  ) || fail 'the region did not take netboot_off: the next start would install again'
}

restart() { systemctl reboot || reboot -f; }
`
