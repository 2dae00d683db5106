# SPDX-License-Identifier: MIT
# awk -f layers.awk LAYERS FILE...: reports every include that points to a higher layer, and every
# file that knows an operation by its name where only traits may be asked for.

# Whether <wengert/NAME.h> is a header of autodiff.
function is_interface(included,    path, line, there) {
    path = included
    sub(/^wengert\//, "autodiff/", path)
    there = (getline line < path) > 0
    close(path)
    return there
}

function fail(text) {
    print FILENAME ":" FNR ": " text
    failed = 1
}

# the line number in LAYERS of a file's own name, or of what stands before its last _; else 0
function own_layer(file) {
    if (file in line) {
        return line[file]
    }
    sub(/\.(c|h|def)$/, "", file)
    while (!(file in line) && sub(/_[^_\/]*$/, "", file)) {
    }
    return line[file] + 0
}

# that, or the one of its folder; 0 if neither is there
function layer(file,    folder) {
    folder = file
    sub(/[^\/]*$/, "*", folder)
    return own_layer(file) ? own_layer(file) : line[folder] + 0
}

# the layer of a quoted include: a file beside this one, or from the top of its library
function included_layer(file, included,    folder, top) {
    folder = top = file
    sub(/[^\/]*$/, "", folder)
    sub(/\/.*$/, "/", top)
    while (included ~ /^\.\.\//) {
        sub(/^\.\.\//, "", included)
        sub(/[^\/]*\/$/, "", folder)
    }
    return own_layer(folder included) ? own_layer(folder included) : \
           own_layer(top included) ? own_layer(top included) : \
           layer(folder included) ? layer(folder included) : layer(top included)
}

FNR == NR {
    for (i = 1; i <= NF && !/^#/; i++) {
        line[$i] = FNR
    }
    next
}

FNR == 1 && !layer(FILENAME) {
    fail("has no line in .ci/layers")
    nextfile
}

/^#include </ {
    included = substr($2, 2, length($2) - 2)
    if (included ~ /^wengert\// && (FILENAME !~ /^nn\// || !is_interface(included))) {
        fail("only nn includes <wengert/...>, and of it only the headers of autodiff: " included)
    }
    if (included ~ /(blis|cblas|lapacke|libxsmm)[a-z_]*\.h$/ && FILENAME !~ /^autodiff\/kernels\/blas/) {
        fail("only autodiff/kernels/blas knows " included)
    }
}

/^#include "/ {
    included = substr($2, 2, length($2) - 2)
    if (!included_layer(FILENAME, included)) {
        fail(included " has no line in .ci/layers")
    } else if (included_layer(FILENAME, included) > layer(FILENAME)) {
        fail(included " lies in a higher layer than this file")
    }
}

# A descriptor or code by its name, or a meaning by a text of it: that is for ops alone to know, all
# others ask for traits. (kernels pastes names from rows: there no name stands.)
FILENAME !~ /^autodiff\/ops\// {
    if (match($0, /(^|[^a-z0-9_])ad_[a-z0-9_]+__(op|code)($|[^a-z0-9_])/) || /extern const ad_op [a-z]/) {
        fail("names an operation outside autodiff/ops/; ask for a trait (tape/op_internal.h)")
    }
    if (FILENAME !~ /^autodiff\/kernels\// && /##__(op|code)/) {
        fail("pastes the names of operations; ask for a trait (tape/op_internal.h)")
    }
    if (/strcmp\([^;]*op->(name|text)/) {
        fail("tells operations apart by a text; ask for a trait (tape/op_internal.h)")
    }
}

END {
    exit failed
}
