# SPDX-License-Identifier: MIT
# Makes ops.h (out=header) or ops.c (out=source) from the rows of ops.def.
#
# For each row: the documentation that stands above it; NAME_at, the function with the caller's
# file:line; NAME, a plain function for other languages, debuggers, function pointers and the library
# itself, which records at the tape's line; and a macro NAME that turns numbers into literals and
# calls one of the two (AD__CALL). Of an elementwise row NAME_at
# is written and NAME made here; of the others NAME is written, and NAME_at calls it at the line.

BEGIN {
    families["AD_UNARY"] = "ad_var x"
    families["AD_BINARY"] = "ad_var x, ad_var y"
    families["AD_TERNARY"] = "ad_var x, ad_var y, ad_var w"
    families["AD_STRUCTURED"] = ""
    families["AD_COMPOSED"] = ""
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Made from ops.def by ops.awk: change that, not this. */"
    if (out == "header") {
        print "#ifndef AD_OPS_H\n#define AD_OPS_H\n"
        print "#include \"tape.h\"\n#include \"custom.h\"\n"
        print "/* The catalogue of operations: what a tape can record. [everyday]\n *"
        print " * Each ad_NAME is a macro that notes the line of the call and turns plain numbers into"
        print " * variables, and a function beside it, to point to. ad_NAME_at takes the line as its last"
        print " * argument, as AD_HERE: for functions that record on behalf of their caller. */\n"
        print "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
    } else {
        print "#include \"ops.h\"\n\n#include \"tape/tape_internal.h\"\n"
    }
}

function depth_of(text,    i, c, depth) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        depth += (c == "(") - (c == ")")
    }
    return depth
}

function trim(text) {
    gsub(/^[ \t\n]+|[ \t\n]+$/, "", text)
    return text
}

# The name of a parameter declared as `type name`, `type *name` or `type name[]`.
function parameter_name(declaration) {
    sub(/\[[^]]*\]$/, "", declaration)
    sub(/^.*[ *]/, "", declaration)
    return declaration
}

# The tape of a call by its parameters: tape itself, or that of the variables.
function tape_among(list, n,    i, p, vars) {
    for (i = 1; i <= n; i++) {
        p = trim(list[i])
        if (p == "ad_tape *tape") {
            return "tape"
        }
        if (p == "const ad_var *x") {
            return "x != NULL ? ad__tape_of(count, x) : NULL"
        }
        if (p ~ /^ad_var [a-z]/) {
            vars = vars (vars != "" ? ", " : "") parameter_name(p)
        }
    }
    return "ad__tape_of(" split(vars, list, ",") ", (const ad_var[]){" vars "})"
}

# One row: prototypes and macro, or the plain function.
function emit(row,    family, body, type, name, at, params, n, list, last, i, p, names, wanted, passed) {
    family = row
    sub(/\(.*$/, "", family)
    body = substr(row, length(family) + 2)
    sub(/\)[ \t\n]*$/, "", body)
    gsub(/[ \t\n]+/, " ", body)
    type = "ad_var"
    if (family == "AD_COMPOSED") {
        at = index(body, ",")
        type = trim(substr(body, 1, at - 1))
        body = substr(body, at + 1)
    }
    at = index(body, ",")
    name = trim(substr(body, 1, at - 1))
    params = families[family] != "" ? families[family] : trim(substr(body, at + 1))
    n = split(params, list, ",")
    last = 0
    for (i = 1; i <= n; i++) {
        if (trim(list[i]) ~ /^ad_var [a-z]/) {
            last = i
        }
    }
    names = wanted = passed = ""
    for (i = 1; i <= n; i++) {
        p = parameter_name(trim(list[i]))
        names = names (i > 1 ? ", " : "") p
        if (i <= last) {
            wanted = wanted (i > 1 ? ", " : "") p
            passed = passed (i > 1 ? ", " : "") (trim(list[i]) ~ /^ad_var [a-z]/ ? "AD_VAR(" p ")" : p)
        }
    }
    # what follows the last variable passes as it is, so that (double[]){1, 2} can stand there
    if (last < n) {
        wanted = wanted (last > 0 ? ", " : "") "..."
        passed = passed (last > 0 ? ", " : "") "__VA_ARGS__"
    }
    if (out == "header") {
        print "AD_API " type " " name "(" params ");"
        print "AD_API " type " " name "_at(" params ", const char *site);"
        if (params == "ad_var x, ad_axes axes") {
            print "#define " name "(...) AD__ALONG(" name ", __VA_ARGS__, AD__NO_AXES, , )"
        } else if (params ~ /^ad_tape \*tape, ad_type type, ad_shape shape, (const )?void \*data$/) {
            print "#define " name "(tape, type, shape, ...) \\"
            print "    AD__CALL(" name ", tape, AD__TYPED(type, __VA_ARGS__), shape, __VA_ARGS__)"
        } else {
            print "#define " name "(" wanted ") AD__CALL(" name ", " passed ")"
        }
    } else if (families[family] != "") {
        print type " (" name ")(" params ")\n{"
        print "    return " name "_at(" names ", ad__line_of(" n ", (const ad_var[]){" names "}));\n}\n"
    } else {
        print type " " name "_at(" params ", const char *site)\n{"
        print "    ad_tape *ad__tape = " tape_among(list, n) ";"
        print "    const char *ad__before = ad__set_line(ad__tape, site);"
        print "    " type " ad__z = (" name ")(" names ");"
        print "    ad__set_line(ad__tape, ad__before);\n    return ad__z;\n}\n"
    }
}

row != "" || /^AD_[A-Z]+\(/ {
    row = row $0 "\n"
    depth += depth_of($0)
    if (depth == 0) {
        if (row !~ /^AD_(UN)?SAMPLED?\(/) {
            emit(row)
        }
        row = ""
    }
    next
}

# Comments for users begin at the first section.
/^\/\* ====/ {
    started = 1
}

out == "header" && started

END {
    if (out == "header") {
        print "\n#ifdef __cplusplus\n}\n#endif\n\n#endif"
    }
}
