# SPDX-License-Identifier: MIT
# nm -A OBJECT... | awk -f calls.awk LAYERS -: reports every call of a function of a higher layer.

# the line number in LAYERS of an object's folder: build/.../objects/FOLDER/NAME.o
function layer(object,    folder) {
    folder = object
    if (!sub(/^.*\/objects\//, "", folder)) {
        return line[object ~ /texts\.o$/ ? "autodiff/base/*" : "autodiff/ops/*"] # generated
    }
    sub(/[^\/]*$/, "*", folder)
    return line[folder]
}

FNR == NR {
    for (i = 1; i <= NF && !/^#/; i++) {
        line[$i] = FNR
    }
    next
}

{
    object = $1
    sub(/:.*$/, "", object)
}

$(NF - 1) == "T" {
    owner[$NF] = object
    next
}

$(NF - 1) == "U" {
    calls++
    caller[calls] = object
    callee[calls] = $NF
}

END {
    for (i = 1; i <= calls; i++) {
        if (callee[i] in owner && layer(owner[callee[i]]) > layer(caller[i])) {
            print caller[i] ": calls " callee[i] " of a higher layer, " owner[callee[i]]
            failed = 1
        }
    }
    exit failed
}
