# Commissioning and testing scripts: fetched as one archive with `index.json` (maas-api §11), run in its order, each
# result told as soon as it is there.

# The index as lines `LIST|NAME|PATH|RESULT|VERSION|TIMEOUT|PARALLEL|ARGUMENTS`. JSON in awk: no tool for it is sure to
# be there. Every value goes by its path, e.g. `1.0/testing_scripts/0/name`.
read_index() {
  tr '\n\t\r' '   ' <"$1" | awk '
    { text = text $0 " " }
    END { at = 1; value(""); for (i = 1; i <= lists; i++) show(entries[i]) }
    function blank() { while (substr(text, at, 1) == " ") at++ }
    function value(path,   c, start) {
      blank(); c = substr(text, at, 1)
      if (c == "{") { object(path); return }
      if (c == "[") { list(path); return }
      if (c == "\"") { leaf(path, string()); return }
      start = at
      while (at <= length(text) && index(",]} ", substr(text, at, 1)) == 0) at++
      if (at == start) { at = length(text) + 1; return }
      leaf(path, substr(text, start, at - start))
    }
    function leaf(path, what,   parts, n, entry, i) {
      values[path] = what
      n = split(path, parts, "/")
      if (n < 5 || parts[3] !~ /_scripts$/) return
      entry = parts[2] "/" parts[3] "/" parts[4]
      if (!(entry in seen)) { seen[entry] = 1; entries[++lists] = entry }
      # Made by the region; MAAS leaves that to who runs them.
      if (parts[5] == "args") made[entry] = made[entry] " " word(what)
      if (parts[5] == "parameters" && n >= 6) {
        # Either the value, or an object with it.
        if (n > 6 && parts[7] != "value") return
        if (n == 7 || n == 6) arguments[entry] = arguments[entry] " " word("--" parts[6] "=" what)
      }
    }
    function word(what) { gsub(/\047/, "\047\\\047\047", what); return "\047" what "\047" }
    function object(path,   name) {
      at++
      for (;;) {
        blank()
        if (substr(text, at, 1) == "}" || at > length(text)) { at++; return }
        if (substr(text, at, 1) == ",") { at++; continue }
        if (substr(text, at, 1) != "\"") { at = length(text) + 1; return }
        name = string(); blank(); at++
        value(path "/" name)
      }
    }
    function list(path,   i) {
      at++
      for (i = 0; ; ) {
        blank()
        if (substr(text, at, 1) == "]" || at > length(text)) { at++; return }
        if (substr(text, at, 1) == ",") { at++; continue }
        value(path "/" i++)
      }
    }
    function string(   c, out) {
      out = ""
      for (at++; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (c == "\"") { at++; return out }
        if (c == "\\") { at++; c = substr(text, at, 1); if (c ~ /[bfnrtu]/) c = "_" }
        out = out c
      }
      return out
    }
    function show(entry,   path, kind) {
      path = "/" entry "/"
      kind = entry; sub(/^[^\/]*\//, "", kind); sub(/_scripts.*/, "", kind)
      print kind "|" plain(path "name") "|" plain(path "path") "|" plain(path "script_result_id") "|" \
        plain(path "script_version_id") "|" plain(path "timeout_seconds") "|" plain(path "parallel") "|" \
        (entry in made ? made[entry] : arguments[entry])
    }
    function plain(path,   what) {
      what = values[path]; gsub(/[|]/, "_", what)
      return what == "null" ? "" : what
    }
  '
}

# Into $WORK/scripts. 0: there; 1: there are none; 2: they could not be had.
fetch_scripts() {
  rm -rf "$WORK/scripts"
  mkdir -p "$WORK/scripts"
  insist metadata/2012-03-01/maas-scripts "$WORK/scripts.tar.xz" || return 2
  [ "$CODE" != 204 ] || return 1
  unpack || fetch_plain || return 2
  [ -s "$WORK/scripts/index.json" ] || index_plain
  read_index "$WORK/scripts/index.json" >"$WORK/index"
  [ -s "$WORK/index" ] || return 1
}

unpack() {
  tar -C "$WORK/scripts" -xJf "$WORK/scripts.tar.xz" 2>/dev/null && return 0
  xz -dc "$WORK/scripts.tar.xz" 2>/dev/null | tar -C "$WORK/scripts" -xf - 2>/dev/null &&
    [ -n "$(ls "$WORK/scripts")" ] && return 0
  python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
    "$WORK/scripts.tar.xz" "$WORK/scripts" 2>/dev/null
}

# Where nothing reads xz: the scripts of early MAAS, which have names and no more.
fetch_plain() {
  insist metadata/2012-03-01/maas-commissioning-scripts "$WORK/scripts.tar" || return 1
  [ "$CODE" != 204 ] || return 1
  tar -C "$WORK/scripts" -xf "$WORK/scripts.tar"
}

index_plain() {
  (
    cd "$WORK/scripts" || exit
    separator='{"1.0":{"commissioning_scripts":['
    for file in commissioning.d/*; do
      [ -f "$file" ] || continue
      printf '%s{"name":"%s","path":"%s"}' "$separator" "${file#*/}" "$file"
      separator=,
    done
    [ "$separator" = , ] && printf ']}}'
  ) >"$WORK/scripts/index.json"
}

# run_list LIST: all scripts of it. FAILURES are those that did not succeed. What may run beside others is begun
# together: 1, beside the ones of the same name; 2, beside all that say so.
run_list() {
  beside=
  mkdir -p "$WORK/failed"
  # No pipe: the scripts are children of this shell.
  while IFS='|' read -r list name path result version timeout parallel arguments; do
    [ "$list" = "$1" ] || continue
    case ${parallel:-0} in
      1) group=1$name ;;
      2) group=2 ;;
      *) group= ;;
    esac
    [ -n "$group" ] && [ "$group" = "$beside" ] || wait_for_scripts
    beside=$group
    run_script </dev/null &
    SCRIPTS="$SCRIPTS $!"
    [ -n "$group" ] || wait_for_scripts
  done <"$WORK/index"
  wait_for_scripts
  FAILURES=$(ls "$WORK/failed")
}

# Not for the beats, which end by being ended.
SCRIPTS=
wait_for_scripts() {
  for script in $SCRIPTS; do wait "$script"; done
  SCRIPTS=
}

# The lines `name: text` of FILE as JSON, but for `power_type`; of YAML no more than that is understood. At most 4 KiB.
bmc_parameters() {
  head -c 4096 "$1" | awk '
    !/^[a-z_]+:/ || /^power_type:/ { next }
    {
      name = text = $0
      sub(/:.*/, "", name)
      sub(/^[a-z_]+: */, "", text)
      if (text ~ /^".*"$/ || text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
      gsub(/[\001-\037\177]/, "", text)
      gsub(/["\\]/, "\\\\&", text)
      printf "%s\"%s\":\"%s\"", (count++ ? "," : "{"), name, text
    }
    END { print (count ? "}" : "{}") }'
}

# Of the variables that the line of the index set.
run_script() {
  key=${result:-$name}
  out=$WORK/out/$key
  mkdir -p "$out"
  bmc=$WORK/out/$key.bmc
  rm -f "$bmc"
  script=$WORK/scripts/$path
  about="script_result_id=$result script_version_id=$version"
  [ -n "$result" ] || about=
  chmod +x "$script" 2>/dev/null
  # shellcheck disable=SC2086 # one word each
  signal WORKING "script_name=$name" $about
  began=$(hundredths)
  (
    cd "$out" || exit 1
    export OUTPUT_STDOUT_PATH="$out/out" OUTPUT_STDERR_PATH="$out/err"
    export OUTPUT_COMBINED_PATH="$out/all" RESULT_PATH="$out/yaml" DOWNLOAD_PATH="$out"
    export BMC_CONFIG_PATH="$bmc"
    export RUNTIME="${timeout:-0}" HAS_STARTED=False
    eval "set -- $arguments"
    if [ "${timeout:-0}" -gt 0 ] && has timeout; then
      exec timeout -k 60 "$timeout" "$script" "$@"
    fi
    exec "$script" "$@"
  ) >"$out/out" 2>"$out/err"
  code=$?
  runtime=$(($(hundredths) - began))
  runtime=$((runtime / 100)).$(printf '%02d' $((runtime % 100)))
  [ -s "$out/all" ] || cat "$out/out" "$out/err" >"$out/all"
  say=WORKING
  # GNU's timeout ends with 124, busybox's with the signal that it sent.
  if [ "$code" != 0 ] && [ "${timeout:-0}" -gt 0 ] && [ "${runtime%.*}" -ge "$timeout" ]; then
    say=TIMEDOUT
  fi
  [ "$code" = 0 ] || : >"$WORK/failed/$key"
  # What it found goes with its word that it is right. The password in it is in no argument of a process: `signal` is none.
  set --
  if [ "$code" = 0 ] && [ -s "$bmc" ]; then
    found=$(sed -n 's/^power_type: *//p' "$bmc" | head -n 1 | tr -cd '[:alnum:]_-')
    set -- "power_type=$found" "power_parameters=$(bmc_parameters "$bmc")"
  fi
  rm -f "$bmc"
  # shellcheck disable=SC2086
  signal "$say" "script_name=$name" $about "exit_status=$code" "runtime=$runtime" "$@" \
    "$name=@$out/all" "$name.out=@$out/out" "$name.err=@$out/err" "$name.yaml=@$out/yaml" ||
    : >"$WORK/failed/$key"
}

hundredths() {
  read -r up _rest </proc/uptime
  echo "${up%%.*}${up##*.}"
}

# run_round LIST: 0 all succeeded, 1 some did not, 2 there is no such list.
run_round() {
  grep -q "^$1|" "$WORK/index" || return 2
  rm -rf "$WORK/failed"
  run_list "$1"
  [ -z "$FAILURES" ]
}

# Commissioning, if there is any, then testing, for which the index is fetched again.
run_all() {
  fetch_scripts
  case $? in
    1) finish OK "nothing was to be run" && return ;;
    2) finish FAILED "The scripts could not be fetched." && return ;;
  esac
  run_round commissioning
  case $? in
    1) finish FAILED "Scripts failed: $(failed_names)" && return ;;
    0)
      grep -q '^testing|' "$WORK/index" || {
        finish OK
        return
      }
      signal TESTING
      fetch_scripts || {
        finish FAILED "The testing scripts could not be fetched."
        return
      }
      ;;
  esac
  run_round testing
  case $? in
    1) finish FAILED "Tests failed: $(failed_names)" ;;
    *) finish OK ;;
  esac
}

# By what the index calls them.
failed_names() {
  while IFS='|' read -r _list name _path result _rest; do
    [ -e "$WORK/failed/${result:-$name}" ] && printf '%s ' "$name"
  done <"$WORK/index"
}
