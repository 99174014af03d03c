# Asking a region through any rack: with curl, wget or python3, whichever there is. Signed by OAuth 1.0 PLAINTEXT when
# there is a token. Uses BASES (where to ask, `http://192.0.2.1:5248/MAAS …`), CONSUMER_KEY, TOKEN_KEY, TOKEN_SECRET,
# SERVER_SECONDS.
set -u
umask 077
LC_ALL=C
export LC_ALL
WORK=$(mktemp -d "${TMPDIR:-/tmp}/ironraft.XXXXXX") || exit 1
ASKED=0
# Times that all places are asked: for two minutes when they refuse at once.
TRIES=${TRIES:-40}
# Seconds before they are asked again.
PAUSE=${PAUSE:-3}
CONNECT_SECONDS=5
ANSWER_SECONDS=${ANSWER_SECONDS:-60}

# A line for each place, first the one that answered last; it is for all shells of this script.
PLACES=$WORK/places
echo "$BASES" | tr ' ' '\n' >"$PLACES"

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

# ask URL ANSWER-FILE [BODY-FILE CONTENT-TYPE [IDEMPOTENCY-KEY]]: one try. Sets CODE, 000 when there was no answer.
ask() {
  url=$1 answer=$2 body=${3:-} type=${4:-} once=${5:-}
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
    [ -z "$once" ] || printf 'Idempotency-Key: %s\n' "$once"
  } >"$headers"
  set -- --silent --noproxy '*' --connect-timeout "$CONNECT_SECONDS" --max-time "$ANSWER_SECONDS" --header "@$headers"
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
  [ -z "$once" ] || set -- "$@" --header "Idempotency-Key: $once"
  [ -z "$body" ] || set -- "$@" --post-file "$body"
  # GNU's tries again by itself; busybox's does not, and that of Debian ends with a fault on -T.
  if [ "$CLIENT" = wget ]; then
    set -- wget "$@" -T "$ANSWER_SECONDS" --connect-timeout="$CONNECT_SECONDS" -t 1 --no-proxy
  else
    set -- wget "$@" -Y off
    ! has timeout || set -- timeout "$ANSWER_SECONDS" "$@"
  fi
  "$@" "$url" 2>"$said"
  CODE=$(sed -n 's/.*HTTP\/1\.[01] \([0-9][0-9][0-9]\).*/\1/p' "$said" | tail -n 1)
  rm -f "$said"
}

ask_python() {
  CODE=$(AUTH=$auth python3 - "$url" "$answer" "$body" "$type" "$once" "$CONNECT_SECONDS" "$ANSWER_SECONDS" <<'PYTHON'
import http.client, os, sys, urllib.error, urllib.request
url, answer, body, kind, key, connect, seconds = sys.argv[1:]
class Connection(http.client.HTTPConnection):
    def connect(self):
        self.timeout = int(connect)
        super().connect()
        self.sock.settimeout(int(seconds))
class Handler(urllib.request.HTTPHandler):
    def http_open(self, request):
        return self.do_open(Connection, request)
data = open(body, "rb").read() if body else None
request = urllib.request.Request(url, data=data)
if os.environ["AUTH"]:
    request.add_header("Authorization", os.environ["AUTH"])
if kind:
    request.add_header("Content-Type", kind)
if key:
    request.add_header("Idempotency-Key", key)
opener = urllib.request.build_opener(Handler(), urllib.request.ProxyHandler({}))
try:
    response = opener.open(request, timeout=int(seconds))
except urllib.error.HTTPError as error:
    response = error
except Exception:
    print("000")
    sys.exit()
try:
    content = response.read()
except Exception:
    print("000")
    sys.exit()
with open(answer, "wb") as file:
    file.write(content)
print("%03d" % response.getcode())
PYTHON
  )
}

# insist PATH ANSWER-FILE …: as ask, of each place in turn until there is an answer that none of them would change: a
# refusal (4xx) is the same everywhere. True for 2xx. All that is told by it may be told twice.
insist() {
  below=$1
  shift
  tried=0
  while :; do
    # A list of this round: others change it meanwhile.
    exec 4<"$PLACES"
    while read -r place <&4; do
      ask "$place/$below" "$@" 4<&-
      case $CODE in
        000 | 502 | 503 | 504) continue ;;
      esac
      prefer "$place"
      case $CODE in
        2??) exec 4<&- && return 0 ;;
        408 | 429 | 5??) break ;;
        *) exec 4<&- && return 1 ;;
      esac
    done
    exec 4<&-
    tried=$((tried + 1))
    [ "$tried" -lt "$TRIES" ] || return 1
    sleep "$PAUSE"
  done
}

# It answered, so it is asked first from now on.
prefer() {
  [ "$(head -n 1 "$PLACES")" != "$1" ] || return 0
  changed=$(mktemp "$WORK/places.XXXXXX")
  {
    echo "$1"
    grep -v -x -F -e "$1" "$PLACES"
  } >"$changed"
  mv "$changed" "$PLACES"
}
