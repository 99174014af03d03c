# Telling the region how it goes: `op=signal` as multipart, which needs no escaping of what is told.

# A file of more than this is cut to its end, bytes: all of a signal must fit into what the region takes.
FILE_BYTES_MAX=900000

# signal STATUS [NAME=TEXT | NAME=@FILE]…: a file is a part of its name. True when the region has it.
signal() {
  form=$(mktemp "$WORK/form.XXXXXX")
  boundary="ironraft$(nonce)"
  status=$1
  shift
  {
    part op signal
    part status "$status"
    for field in "$@"; do
      case ${field#*=} in
        @*) file_part "${field%%=*}" "${field#*=@}" ;;
        *) part "${field%%=*}" "${field#*=}" ;;
      esac
    done
    printf -- '--%s--\r\n' "$boundary"
  } >"$form"
  insist metadata/2012-03-01/ "$WORK/answer.$$" "$form" "multipart/form-data; boundary=$boundary"
  told=$?
  rm -f "$form"
  return "$told"
}

part() {
  printf -- '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' "$boundary" "$1" "$2"
}

file_part() {
  [ -s "$2" ] || return 0
  printf -- '--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n' "$boundary" "$1" "$1"
  printf 'Content-Type: application/octet-stream\r\n\r\n'
  if [ "$CLIENT" = busybox ]; then
    tail -c "$FILE_BYTES_MAX" "$2" | tr -d '\000'
  else
    tail -c "$FILE_BYTES_MAX" "$2"
  fi
  printf '\r\n'
}

# While something takes long: a sign of life each minute, with what PROGRESS holds.
BEAT_SECONDS=${BEAT_SECONDS:-60}
BEATS=
PROGRESS=$WORK/progress
begin_beats() {
  (
    while :; do
      # By the second: a sleep outlives the shell that is ended.
      second=0
      while [ "$second" -lt "$BEAT_SECONDS" ]; do
        sleep 1 || exit
        second=$((second + 1))
      done
      if [ -s "$PROGRESS" ]; then
        signal WORKING "error=$(cat "$PROGRESS")"
      else
        signal WORKING
      fi
    done
  ) >/dev/null 2>&1 &
  BEATS=$!
}

end_beats() {
  [ -z "$BEATS" ] || kill "$BEATS" 2>/dev/null
  BEATS=
}

# The last word. Whoever tells it twice is refused the second time: with the work its token ended.
finish() {
  end_beats
  signal "$1" "error=${2:-}"
  rm -rf "$WORK"
}

# Where somebody shall be able to log in; the unit may be masked on the kernel command line.
start_ssh() {
  [ "${SSH:-no}" = yes ] || return 0
  systemctl start ssh 2>/dev/null && return 0
  [ -x /usr/sbin/sshd ] || return 0
  mkdir -p /run/sshd
  ssh-keygen -A >/dev/null 2>&1
  /usr/sbin/sshd
}
