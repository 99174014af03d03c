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
tools lsblk wipefs blockdev partx udevadm mountpoint sha256sum
find_disk '' DISK1 vda 4294967296
DEV_1=$FOUND
DISKS="$DISKS $DEV_1"
BOOT_DISK=$DEV_1
finish

begin extract 'writing the disk image'
clear_disks
write_disk 5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f 200000000 tar -x -z -O -f -
mount_root_of_disk
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
