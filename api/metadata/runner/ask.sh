# Asking the region: with curl, wget or python3, whichever there is. Signed by OAuth 1.0 PLAINTEXT when there is a token.
# Uses METADATA, CONSUMER_KEY, TOKEN_KEY, TOKEN_SECRET, SERVER_SECONDS.
set -u
umask 077
LC_ALL=C
export LC_ALL
WORK=$(mktemp -d "${TMPDIR:-/tmp}/ironraft.XXXXXX") || exit 1
ASKED=0
TRIES=${TRIES:-10}
# Seconds before a try is repeated.
PAUSE=${PAUSE:-3}
ANSWER_SECONDS=60

# Seconds since the boot: a clock that is never wrong.
uptime_seconds() {
  read -r up _rest </proc/uptime
  echo "${up%%.*}"
}
STARTED=$(uptime_seconds)

# A machine's clock may be years behind; the region tells the time in this script, and takes one that is ahead.
unix_seconds() {
  told=$((SERVER_SECONDS + $(uptime_seconds) - STARTED))
  own=$(date +%s)
  if [ "$own" -gt "$told" ]; then echo "$own"; else echo "$told"; fi
}

# Also unlike those of the other shells of this script, which count for themselves.
nonce() {
  od -An -N12 -tx1 /dev/urandom | tr -d ' \n'
}

authorization() {
  [ -n "${TOKEN_KEY:-}" ] || return 0
  printf 'OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="%s", ' "$CONSUMER_KEY"
  printf 'oauth_token="%s", oauth_signature="%%26%s", ' "$TOKEN_KEY" "$TOKEN_SECRET"
  printf 'oauth_nonce="%s", oauth_timestamp="%s"' "$(nonce)" "$(unix_seconds)"
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# Busybox's wget ends what it sends at the first zero byte, so it is the last choice (`file_part` leaves those out).
if has curl; then
  CLIENT=curl
elif has wget && wget --version 2>/dev/null | grep -q GNU; then
  CLIENT=wget
elif has python3; then
  CLIENT=python
else
  CLIENT=busybox
fi

# ask URL ANSWER-FILE [BODY-FILE CONTENT-TYPE]: one try. Sets CODE, 000 when there was no answer.
ask() {
  url=$1 answer=$2 body=${3:-} type=${4:-}
  auth=$(authorization)
  case $CLIENT in
    curl) ask_curl ;;
    python) ask_python ;;
    *) ask_wget ;;
  esac
  case $CODE in [1-5][0-9][0-9]) ;; *) CODE=000 ;; esac
}

# The header goes in by a file: arguments are seen by every process.
ask_curl() {
  headers=$(mktemp "$WORK/headers.XXXXXX")
  {
    [ -z "$auth" ] || printf 'Authorization: %s\n' "$auth"
    # Nothing here waits for "100 Continue".
    printf 'Expect:\n'
    [ -z "$type" ] || printf 'Content-Type: %s\n' "$type"
  } >"$headers"
  set -- --silent --noproxy '*' --max-time "$ANSWER_SECONDS" --header "@$headers"
  [ -z "$body" ] || set -- "$@" --data-binary "@$body"
  CODE=$(curl "$@" --output "$answer" --write-out '%{http_code}' "$url" 2>/dev/null)
  rm -f "$headers"
}

# Knows no headers from files; busybox's is meant, too. A 4xx is an error to it: the code is in what it says.
ask_wget() {
  said=$(mktemp "$WORK/said.XXXXXX")
  set -- -q -S -O "$answer"
  [ -z "$auth" ] || set -- "$@" --header "Authorization: $auth"
  [ -z "$type" ] || set -- "$@" --header "Content-Type: $type"
  [ -z "$body" ] || set -- "$@" --post-file "$body"
  # GNU's tries again by itself; busybox's does not, and that of Debian ends with a fault on -T.
  if [ "$CLIENT" = wget ]; then
    set -- "$@" -T "$ANSWER_SECONDS" -t 1 --no-proxy
  else
    set -- "$@" -Y off
  fi
  wget "$@" "$url" 2>"$said"
  CODE=$(sed -n 's/.*HTTP\/1\.[01] \([0-9][0-9][0-9]\).*/\1/p' "$said" | tail -n 1)
  rm -f "$said"
}

ask_python() {
  CODE=$(AUTH=$auth python3 - "$url" "$answer" "$body" "$type" "$ANSWER_SECONDS" <<'PYTHON'
import os, sys, urllib.error, urllib.request
url, answer, body, kind, seconds = sys.argv[1:]
data = open(body, "rb").read() if body else None
request = urllib.request.Request(url, data=data)
if os.environ["AUTH"]:
    request.add_header("Authorization", os.environ["AUTH"])
if kind:
    request.add_header("Content-Type", kind)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    response = opener.open(request, timeout=int(seconds))
except urllib.error.HTTPError as error:
    response = error
except Exception:
    print("000")
    sys.exit()
with open(answer, "wb") as file:
    file.write(response.read())
print("%03d" % response.getcode())
PYTHON
  )
}

# As ask, until there is an answer that another try would not change. True for 2xx.
insist() {
  tried=0
  while :; do
    ask "$@"
    case $CODE in
      2??) return 0 ;;
      000 | 408 | 429 | 5??) ;;
      *) return 1 ;;
    esac
    tried=$((tried + 1))
    [ "$tried" -lt "$TRIES" ] || return 1
    sleep "$PAUSE"
  done
}
