# A machine that nobody knows tells that it is there, and goes on as itself when the site wants that.

# Its own interfaces, by MAC: those with hardware behind them.
own_macs() {
  separator=
  for nic in /sys/class/net/*; do
    [ -e "$nic/device" ] || [ -n "${ANY_NIC:-}" ] || continue
    mac=$(cat "$nic/address" 2>/dev/null)
    case $mac in ??:??:??:??:??:??) ;; *) continue ;; esac
    [ "$mac" != 00:00:00:00:00:00 ] || continue
    printf '%s%s' "$separator" "$mac"
    separator=,
  done
}

architecture() {
  case $(uname -m) in
    x86_64) echo amd64/generic ;;
    aarch64) echo arm64/generic ;;
    *) echo "$(uname -m)/generic" ;;
  esac
}

# Sets SYSTEM_ID. Where an answer was lost the key makes the second one the same.
enlist() {
  macs=$(own_macs)
  printf 'hostname=&architecture=%s&mac_addresses=%s' "$(architecture)" "$macs" >"$WORK/enlist"
  insist api/2.0/machines/ "$WORK/enlisted" "$WORK/enlist" application/x-www-form-urlencoded "$(nonce)" || return 1
  SYSTEM_ID=$(sed -n 's/.*"system_id": *"\([a-z0-9]\{6\}\)".*/\1/p' "$WORK/enlisted" | head -n 1)
  [ -n "$SYSTEM_ID" ]
}

# The token of its preseed, a line for each key.
take_token() {
  insist "metadata/latest/by-id/$SYSTEM_ID/?op=get_preseed" "$WORK/preseed" || return 1
  CONSUMER_KEY=$(preseed_value consumer_key)
  TOKEN_KEY=$(preseed_value token_key)
  TOKEN_SECRET=$(preseed_value token_secret)
  [ -n "$TOKEN_SECRET" ]
}

preseed_value() {
  sed -n "s/^ *$1: \"\\([A-Za-z0-9]*\\)\".*/\\1/p" "$WORK/preseed" | head -n 1
}
