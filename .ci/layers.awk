# SPDX-License-Identifier: MIT
# awk -f layers.awk LAYERS FILE...: reports every include that points to a higher layer.

function fail(text) {
    print FILENAME ":" FNR ": " text
    failed = 1
}

# the line number in LAYERS of a file, 0 if it has none
function layer(file,    name) {
    name = file
    sub(/(_internal)?\.(c|h|def)$/, "", name)
    if (name in rank) {
        return rank[name]
    }
    sub(/[^\/]*$/, "*", name)
    return rank[name]
}

# the path of a quoted include: beside the file, or from the top of its library
function resolve(file, included,    folder, top) {
    folder = file
    sub(/[^\/]*$/, "", folder)
    top = file
    sub(/\/.*$/, "/", top)
    return layer(folder included) ? folder included : top included
}

FNR == NR {
    if ($0 !~ /^#/ && NF) {
        rank[$1] = FNR
    }
    next
}

FNR == 1 && !layer(FILENAME) {
    fail("has no line in .ci/layers")
}

/^#include </ {
    included = substr($2, 2, length($2) - 2)
    if (included ~ /^wengert\// && (included != "wengert/autodiff.h" || FILENAME !~ /^nn\//)) {
        fail("only nn includes <wengert/...>, and of it only autodiff.h: " included)
    }
    if (included ~ /(blis|cblas|lapacke|libxsmm)[a-z_]*\.h$/ && FILENAME !~ /^autodiff\/blas/) {
        fail("only autodiff/blas knows " included)
    }
}

/^#include "/ {
    included = resolve(FILENAME, substr($2, 2, length($2) - 2))
    if (!layer(included)) {
        fail(included " has no line in .ci/layers")
    } else if (layer(included) > layer(FILENAME)) {
        fail(included " lies above this file's layer")
    }
}

END {
    exit failed
}
