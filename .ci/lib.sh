# Shared by the scripts of this directory; they source it as their first act.
# shellcheck shell=bash
set -euo pipefail

# Every script may be started from anywhere, so all of them work from the root of the clone.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Where builds go, as an absolute path (cargo's own rule, needed here for paths handed to others).
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
export CARGO_NET_RETRY=5 CARGO_TERM_COLOR=never
# Unpacked compilers survive `cargo clean`.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/amqp-proto-ci

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# bounded SECONDS COMMAND...: runs it and ends it, with all its children, when the time is over or
# when this script is ended itself. The background and the trap are for the latter: bash would
# otherwise look at a signal only after the command has returned.
child=
bounded() {
    timeout --kill-after=30 "$@" &
    child=$!
    local code=0
    wait "$child" || code=$?
    child=
    [ "$code" -ne 124 ] || printf '%s: ended after its limit of %s s: %s\n' "${0##*/}" "$1" "${*:2}" >&2
    return "$code"
}

on_signal() {
    if [ -n "$child" ]; then
        kill -TERM "$child" 2>/dev/null || true
        wait "$child" || true
    fi
    exit 143
}
trap on_signal HUP INT TERM

has() { command -v "$1" >/dev/null 2>&1; }

# The manifests of the workspaces beside the root's, one a line.
other_workspaces() {
    git ls-files -co --exclude-standard -- '*/Cargo.toml' | xargs grep -lsx '\[workspace\]'
}

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

# build_counted PROGRAM: builds a program of bench/ whose instructions are to be counted by callgrind; sets
# `counted` to what runs it. Elsewhere than on x86-64 other instructions would be counted.
build_counted() {
    [ "$(uname -m)" = x86_64 ] || die "instructions are counted on x86-64, this is $(uname -m)"
    apt_install valgrind valgrind
    # Else the processor, not the budget, would decide what is built.
    unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    export CARGO_TARGET_DIR=$target/instructions
    cargo build -q --release --locked --manifest-path bench/Cargo.toml --no-default-features --bin "$1"
    # shellcheck disable=SC2034 # for whoever sources this
    counted=$CARGO_TARGET_DIR/release/$1
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

# The same for packages with a service, which isn't started: Debian would start it at once, listening on
# all addresses, unless policy-rc.d forbids it.
apt_install_idle() {
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$1" ]; then return 0; fi
    if [ -e $policy ]; then
        apt_install "$@"
        return
    fi
    # A shell of its own, so that the trap is nobody else's.
    (
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod +x $policy
        apt_install "$@"
    )
}

# Writes the commands that run the compiler in $dir.
wrap_tools() {
    local tool
    for tool in rustc rustdoc; do
        cat >"$dir/$tool" <<-WRAPPER
			#!/bin/sh
			LD_LIBRARY_PATH=$(echo "$dir"/usr/lib/*-linux-gnu) exec '$dir/usr/bin/$tool' "\$@"
		WRAPPER
        chmod +x "$dir/$tool"
    done
}

# debian_rust PREFIX [PACKAGE...]: unpacks Debian's rustc-web, the newest version that starts with
# PREFIX, and further packages of that version; sets `rustc` and `rustdoc` to commands that run it.
# Nothing is installed: the system and its other compilers stay as they are.
#
# rustc-web moves with Debian's security updates, so only the MSRV check asks for a version.
debian_rust() {
    local prefix=$1 version packages dir deb
    shift
    apt_update
    version=$(apt-cache madison rustc-web | tr -d ' ' | cut -d'|' -f2 | grep "^${prefix//./[.]}" | sort -V | tail -n 1) ||
        die "Debian offers no rustc-web ${prefix:-at all}: $(apt-cache madison rustc-web | tr -s ' \n' ' ')"
    dir=$cache/rust-$version
    rustc=$dir/rustc
    # shellcheck disable=SC2034  # of use to public-api alone
    rustdoc=$dir/rustdoc
    packages=(rustc-web libstd-rust-web-dev "libstd-rust-web-$(cut -d. -f1,2 <<<"$version")" "$@")
    # Unpacked again when a package is missing (another script asked for fewer) or when it no longer
    # runs (a library that it borrowed from the system has gone).
    if [ "$(cat "$dir/complete" 2>/dev/null)" = "${packages[*]}" ]; then
        wrap_tools
        if "$rustc" --version; then return 0; fi
    fi
    rm -rf "$dir"
    mkdir -p "$dir/debs/partial"
    # apt works out which libraries (LLVM above all) this system lacks. --reinstall has it fetch the
    # named packages even where they are installed; locks are for installing alone.
    retry apt-get install -q -y --download-only --reinstall --allow-downgrades \
        --no-install-recommends -o Dir::Cache::archives="$dir/debs" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User="$(id -un)" "${packages[@]/%/=$version}"
    for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$dir"; done
    rm -r "$dir/debs"
    wrap_tools
    "$rustc" --version
    echo "${packages[*]}" >"$dir/complete"
}
