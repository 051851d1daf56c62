# What every script here shares; sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=/usr/bin/python3
export root python

# Ends the script: one line that says what happened and what to do.
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Wrong usage: one line, status 2.
die_usage() {
    printf '%s: %s; see scripts/%s --help\n' "$(basename "$0")" "$*" "$(basename "$0")" >&2
    exit 2
}

say() {
    printf '\n== %s\n' "$*"
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when it never did.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

# A TCP port on loopback that was free a moment ago.
free_port() {
    "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# end_process SIGNAL SECONDS PID: asks it to end, insists when it did not, and reaps it.
end_process() {
    kill -0 "$3" 2>/dev/null || return 0
    kill "-$1" "$3" 2>/dev/null || true
    wait_for "$2" process_is_gone "$3" || kill -KILL "$3" 2>/dev/null || true
    wait "$3" 2>/dev/null || true
}

# True for a pid that is unknown or a zombie.
process_is_gone() {
    local state
    state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 0
    [ -z "$state" ] || [ "$state" = Z ]
}
