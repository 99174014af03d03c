// What the script says to the region while it works: MAAS's webhook events (maas-api §11) under curtin's names, so that
// clients of MAAS find the stages they know; heartbeats; the log, at the end and on every failure.

/** Log kept of an installation, in bytes of its end. */
const LOG_MAX_BYTES = 256 << 10
const HEARTBEAT_SECONDS = 60
/** How long the last word of a failure is tried, and how long an event on the way. */
const LAST_WORD_SECONDS = 300
const EVENT_SECONDS = 20

/** Needs WORK, LOG, STATUS_PATH, OAUTH. Output 3 is the console of who started the script. */
export const REPORT_FUNCTIONS = String.raw`
say() {
  echo "$*"
  echo "ironraft-install: $*" >&3
}

# fail REASON: the only way to give up. It works in a subshell too: the reason is in a file.
fail() {
  echo "FAILED: $*" >&2
  [ -s "$WORK/reason" ] || echo "$*" >"$WORK/reason"
  exit 1
}

# Text that needs no escape in JSON.
plain() { printf '%s' "$*" | tr -cd 'A-Za-z0-9 .,:;/_=()+-' | head -c 500; }

# event TYPE NAME DESCRIPTION RESULT SECONDS [LOG]
event() {
  body=$(mktemp "$WORK/event.XXXXXX")
  {
    printf '{"origin": "curtin", "event_type": "%s", "name": "%s", ' "$1" "$2"
    printf '"description": "%s", "timestamp": %s' "$(plain "$3")" "$(date +%s)"
    [ -z "$4" ] || printf ', "result": "%s"' "$4"
    if [ -n "$6" ]; then
      printf ', "files": [{"path": "/tmp/install.log", "encoding": "base64", "content": "'
      tail -c ${LOG_MAX_BYTES} "$LOG" | base64 | tr -d '\n'
      printf '"}]'
    fi
    printf '}'
  } >"$body"
  post "$STATUS_PATH" "$body" application/json "$5" || echo "the region did not take event $1 $2"
  rm -f "$body"
}

post() { python3 "$WORK/region_client.py" post "$@"; }

begin() {
  STAGE=$1
  TITLE=$2
  say "$TITLE"
  event start "cmd-install/stage-$1" "$2" '' ${EVENT_SECONDS} ''
  heartbeat &
  HEARTBEAT=$!
}

finish() {
  stop_heartbeat
  event finish "cmd-install/stage-$STAGE" "$TITLE" SUCCESS ${EVENT_SECONDS} ''
  STAGE=
}

# Long steps say that they are alive: the region's time-out of a deployment starts anew with every event.
heartbeat() {
  trap - EXIT
  while sleep ${HEARTBEAT_SECONDS} >/dev/null 2>&1 3>&-; do
    event progress "cmd-install/stage-$STAGE" "$TITLE" '' ${EVENT_SECONDS} ''
  done
}

stop_heartbeat() {
  [ -z "$HEARTBEAT" ] || kill "$HEARTBEAT" 2>/dev/null || :
  HEARTBEAT=
}

# However the script ends before its end, the region is told why and gets the log.
ended() {
  trap - EXIT
  trap '' HUP INT TERM
  set +e
  stop_heartbeat
  [ -z "$COMPLETE" ] || exit 0
  reason=$(cat "$WORK/reason" 2>/dev/null)
  [ -n "$reason" ] || reason="status $1 in the stage $STAGE; the log says more"
  say "failed: $reason"
  release_target
  if [ -n "$STAGE" ]; then
    event finish "cmd-install/stage-$STAGE" "$reason" FAIL ${EVENT_SECONDS} ''
  fi
  event finish cmd-install "$reason" FAIL ${LAST_WORD_SECONDS} log
  exit 1
}
`
