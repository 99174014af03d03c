#!/bin/sh
# Installs an operating system on this machine's disks. Rendered by Ironraft for this machine and this deployment.
set -eu
umask 022
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive LVM_SUPPRESS_FD_WARNINGS=1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

NODE_NAME=first
ARCHITECTURE=amd64
STATUS_PATH=/metadata/status/abc123
PLACES='http://192.0.2.1:5248/MAAS http://192.0.2.1:5248/images/5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f/squashfs
http://192.0.2.2:5248/MAAS http://192.0.2.2:5248/images/5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f/squashfs'
OAUTH='oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="ck", oauth_token="tk", oauth_signature="%26ts"'
export OAUTH

WORK=/run/ironraft-install
TARGET=$WORK/target
LOG=/tmp/install.log
STAGE= TITLE= HEARTBEAT= COMPLETE= DISKS= BOOT_DISK= ADDED_ESP= IMAGE= PACKAGES=
FIRMWARE=bios
[ ! -d /sys/firmware/efi ] || FIRMWARE=uefi

rm -f "$WORK/reason"
mkdir -p -m 700 "$WORK"
mkdir -p "$TARGET"
printf '%s\n' "$PLACES" >"$WORK/places"
cat >"$WORK/region_client.py" <<'PYTHON'
# … HTTP_PROGRAM …
PYTHON

# … REPORT_FUNCTIONS …

# … IMAGE_FUNCTIONS …

# … DISK_FUNCTIONS …

# … SYSTEM_FUNCTIONS …


exec 3>&1 >"$LOG" 2>&1
trap 'ended $?' EXIT
trap 'exit 1' HUP INT TERM
event start cmd-install 'installing' '' 20 ''

begin early 'finding the disks'
tools lsblk wipefs blockdev partx udevadm mountpoint sha256sum sfdisk chroot mkfs.vfat mkfs.ext4 unsquashfs make-bcache
find_disk '' DISK1 vda 4294967296
DEV_1=$FOUND
DISKS="$DISKS $DEV_1"
find_disk '' DISK2 vdb 4294967296
DEV_2=$FOUND
DISKS="$DISKS $DEV_2"
BOOT_DISK=$DEV_1
finish

begin partitioning partitioning
clear_disks
write_table "$DEV_1" 'label: gpt
start=4MiB, size=64MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=0a1b2c3d-4e5f-4a6b-8c7d-000000000101
start=68MiB, size=256MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=0a1b2c3d-4e5f-4a6b-8c7d-000000000102
start=324MiB, size=3768MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=0a1b2c3d-4e5f-4a6b-8c7d-000000000103
start=1MiB, size=3MiB, type=21686148-6449-6E6F-744E-656564454649
'
PART_1_1=$(part "$DEV_1" 1)
clear_part "$PART_1_1"
PART_1_2=$(part "$DEV_1" 2)
clear_part "$PART_1_2"
PART_1_3=$(part "$DEV_1" 3)
clear_part "$PART_1_3"
write_table "$DEV_2" 'label: gpt
start=4MiB, size=512MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=0a1b2c3d-4e5f-4a6b-8c7d-000000000104
'
PART_2_4=$(part "$DEV_2" 1)
clear_part "$PART_2_4"
make_cache "$PART_2_4" 0a1b2c3d-4e5f-4a6b-8c7d-000000000031
make_backing "$PART_1_3" 0a1b2c3d-4e5f-4a6b-8c7d-000000000031 writethrough
DEV_3=$(bcache_of "$PART_1_3")
mkfs.vfat -F 32 -i 0a1b2c3d -n efi "$PART_1_1"
mkfs.ext4 -q -F -U 0a1b2c3d-4e5f-4a6b-8c7d-000000000008 -L boot "$PART_1_2"
mkfs.ext4 -q -F -U 0a1b2c3d-4e5f-4a6b-8c7d-000000000009 -L root "$DEV_3"
mount_at "$DEV_3" /
mount_at "$PART_1_2" /boot
finish

begin extract 'unpacking the image'
get_image 5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f 200000000
unpack_squashfs
forget_image
mount_fat "$PART_1_1" /boot/efi
finish

begin curthooks 'configuring the system'
forget_identity
write_file /etc/hostname 0644 'first
'
write_file /etc/hosts 0644 '127.0.0.1 localhost
127.0.1.1 first.example.org first
::1 localhost ip6-localhost ip6-loopback
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
'
settle_locale
write_file /etc/fstab 0644 '# Written by Ironraft: fstab(5).
UUID=0a1b2c3d-4e5f-4a6b-8c7d-000000000009 / ext4 defaults 0 1
UUID=0a1b2c3d-4e5f-4a6b-8c7d-000000000008 /boot ext4 defaults 0 2
UUID=0A1B-2C3D /boot/efi vfat defaults 0 0
'
mount_added_esp
write_file /etc/default/grub.d/90-ironraft.cfg 0644 '# Written by Ironraft'\''s installer.
GRUB_CMDLINE_LINUX_DEFAULT='\'''\''
GRUB_CMDLINE_LINUX='\''console=tty0 console=ttyS0,115200n8'\''
GRUB_DISABLE_OS_PROBER=true
'
bind_target
need_kernel
need_boot_loader
need make-bcache bcache-tools
install_packages
refresh_initramfs
grub_bios "$DEV_1"
grub_efi x86_64-efi
write_grub_config 0a1b2c3d-4e5f-4a6b-8c7d-000000000008 '' 'root=UUID=0a1b2c3d-4e5f-4a6b-8c7d-000000000009 ro console=tty0 console=ttyS0,115200n8'
finish

begin late 'ending the installation'
cp "$LOG" "$TARGET/var/log/ironraft-install.log"
chmod 0600 "$TARGET/var/log/ironraft-install.log"
write_seed /etc/cloud/cloud.cfg.d/90_dpkg_local_cloud_config.cfg '#cloud-config
# Written by Ironraft'\''s installer.
datasource_list:
  - "MAAS"
datasource:
  MAAS:
    metadata_url: "' '/metadata/"
    consumer_key: "ck"
    token_key: "tk"
    token_secret: "ts"
'
release_target
sync
netboot_off /metadata/latest/by-id/abc123/
finish

COMPLETE=yes
event finish cmd-install 'installed' SUCCESS 60 log
say 'installed: restarting'
restart
