# SPDX-License-Identifier: MIT
# Makes a call of every public function, with drawn arguments, from drawers.def and the headers:
#
#   awk -f calls.awk drawers.def wengert/tape.h wengert/ops.h .. > calls.c
#
# A parameter or result of a type that no row of drawers.def draws is an error, so that no function
# is left out.

BEGIN {
    FS = " *; *"
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Made by calls.awk from drawers.def and the public headers: change those, not this. */"
    print "#include \"api.h\"\n"
}

function complain(text) {
    print "tests/fuzz/api/drawers.def: " text | "cat 1>&2"
    failed = 1
}

function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

# ---- rows: function; type; name; drawn as; after the call

FNR == 1 {
    file++
}

file == 1 && $2 == "weight" {
    gsub(/^ +/, "", $1)
    weights++
    weighed[weights] = "^(" $1 ")$"
    weight[weights] = $3
    next
}

file == 1 {
    if ($0 !~ /^ *(#|$)/) {
        rows++
        functions[rows] = "^(" trim($1) ")$"
        types[rows] = trim($2)
        names[rows] = "^(" trim($3) ")$"
        draws[rows] = trim($4)
        keeps[rows] = trim($5)
    }
    next
}

# ---- prototypes

/^AD_API extern / {
    next # a constant
}

/^AD_API / {
    row = ""
    inside = 1
}

inside {
    row = row " " $0
    if ($0 ~ /;[ \t]*$/) {
        inside = 0
        if (row !~ /^ *AD_API extern /) {
            prototype(row)
        }
    }
}

function row_of(name, type, parameter,    i) {
    for (i = 1; i <= rows; i++) {
        if (types[i] == type && name ~ functions[i] && parameter ~ names[i] &&
            (parameter == "=") == (names[i] == "^(=)$")) {
            return i
        }
    }
    complain("no drawer for " (parameter == "=" ? "result" : "parameter") " type " type " of " name \
             (parameter == "=" ? "" : " (" parameter ")"))
    return 0
}

function weight_of(name,    i) {
    for (i = 1; i <= weights; i++) {
        if (name ~ weighed[i]) {
            return weight[i]
        }
    }
    return 1
}

# Splits the parameters at commas outside brackets.
function split_list(text, list,    i, c, n, depth, item) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        depth += (c == "(") - (c == ")")
        if (c == "," && depth == 0) {
            list[++n] = trim(item)
            item = ""
        } else {
            item = item c
        }
    }
    list[++n] = trim(item)
    return n
}

function prototype(text,    head, body, name, result, list, n, i, type, p, r, after, passed, at) {
    gsub(/[ \t]+/, " ", text)
    sub(/^ *AD_API /, "", text)
    gsub(/ AD_PRINTF\([^)]*\)/, "", text)
    sub(/\) *; *$/, "", text)
    at = index(text, "(")
    head = substr(text, 1, at - 1)
    body = substr(text, at + 1)
    name = head
    sub(/^.*[ *]/, "", name)
    result = trim(substr(head, 1, length(head) - length(name)))
    n = body == "void" ? 0 : split_list(body, list)
    after = passed = ""
    print "static void call_" name "(void)\n{"
    for (i = 1; i <= n; i++) {
        type = list[i]
        if (match(type, /\(\*[a-z_]+\)/)) {
            p = substr(type, RSTART + 2, RLENGTH - 3)
            sub(/\(\*[a-z_]+\)/, "(*)", type)
        } else if (type == "...") {
            p = "..."
        } else {
            p = type
            sub(/\[[^]]*\]$/, "", p)
            sub(/^.*[ *]/, "", p)
            match(type, "[ *]" p "(\\[[^]]*\\])?$")
            type = trim(substr(type, 1, RSTART)) (type ~ /\]$/ ? substr(type, index(type, "[")) : "")
        }
        r = row_of(name, type, p)
        if (type == "...") {
            passed = passed ", " draws[r]
            continue
        }
        sub(/\[.*$/, " *", type)
        if (type ~ /\(\*\)/) {
            print "    ad_var (*" p ")(ad_var) = " draws[r] ";"
        } else {
            print "    " type (type ~ /\*$/ ? "" : " ") p " = " draws[r] ";"
        }
        passed = passed (i > 1 ? ", " : "") p
        if (keeps[r] != "") {
            after = after "    " keeps[r] ";\n"
        }
    }
    print "    api_begin();"
    if (result == "void") {
        print "    (" name ")(" passed ");\n    api_end();"
    } else {
        r = row_of(name, result, "=")
        print "    " result (result ~ /\*$/ ? "" : " ") "result = (" name ")(" passed ");"
        print "    api_end();"
        after = "    " draws[r] ";\n" after
    }
    printf "%s}\n\n", after
    called[++calls] = name
}

END {
    print "const api_function api_functions[] = {"
    for (i = 1; i <= calls; i++) {
        print "    {\"" called[i] "\", call_" called[i] ", " weight_of(called[i]) "},"
    }
    print "};\nconst int api_function_count = " calls + 0 ";"
    if (calls < 100) {
        complain("the headers have no functions")
    }
    exit failed
}
