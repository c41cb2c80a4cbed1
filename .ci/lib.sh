# Shared by the scripts of this directory; they source it as their first act.
# shellcheck shell=bash
set -euo pipefail

# Every script may be started from anywhere, so all of them work from the root of the clone.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Where builds go, as an absolute path (cargo's own rule, needed here for paths handed to others).
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
# Unpacked compilers survive `cargo clean`.
# shellcheck disable=SC2034  # used by bare-metal, msrv and deep
cache=${XDG_CACHE_HOME:-$HOME/.cache}/amqp-proto-ci

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs a command up to three times: package mirrors have bad moments.
retry() {
    local attempt
    for attempt in 1 2 3; do
        "$@" && return 0
        [ "$attempt" -eq 3 ] || sleep $((attempt * 5))
    done
    return 1
}

# Refreshes the package lists, unless that happened within the last hour. `run` calls several
# scripts, and each of them may be the first that needs a package.
apt_update() {
    local stamp=$target/.apt-updated
    if [ -n "$(find "$stamp" -mmin -60 2>/dev/null)" ] && [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit)" ]; then
        return 0
    fi
    retry as_root apt-get update -q
    mkdir -p "$target" && touch "$stamp"
}

# apt_install PROBE PACKAGE...: installs the packages unless PROBE (a command or a file) is there.
apt_install() {
    local probe=$1
    shift
    if has "$probe" || [ -e "$probe" ]; then return 0; fi
    apt_update
    retry as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@"
}
