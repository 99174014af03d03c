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

fail 'a disk of the layout is not one of the machine'
