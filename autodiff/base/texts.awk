# SPDX-License-Identifier: MIT
# Makes texts.c from source files: each definition of a function, a type, an enumeration or
# constants, with the comment above it, becomes an entry of the table ad__texts of c_source_internal.h,
# unless it is about the library's own objects.
#
# A file says from which line on it has such definitions, and which number types serve them:
#
#   /* texts: real */     every one              /* texts: plain */   they have no number type
#   /* texts: f64 */      that one, or f32       /* texts: end */     none from here on
#
# Lines of the preprocessor are left out, but may end in one of these. TYPED(name) is the name.

BEGIN {
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Made by texts.awk: change the headers that it reads, not this. */"
    print "#include \"base/c_source_internal.h\"\n"
    print "const ad__text ad__texts[] = {"
}

FNR == 1 {
    is_text = 0
    comment = text = ""
    in_comment = depth = 0
}

/^(#.* )?\/\* texts: [a-z0-9]+ \*\/$/ {
    types = $(NF - 1)
    is_text = types != "end"
    types = types == "real" ? 7 : types == "f64" ? 1 : types == "f32" ? 2 : 0
    comment = text = plain = ""
    next
}

!is_text {
    next
}

function depth_of(line,    i, c, sum) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        sum += (c == "{") - (c == "}")
    }
    return sum
}

function quoted(line) {
    gsub(/\\/, "&&", line)
    gsub(/"/, "\\\"", line)
    return "    \"" line "\\n\"\n"
}

# What a definition defines, blanks around each name.
function names_of(code, is_function,    list, n, i, name, names) {
    if (is_function) {
        sub(/\(.*$/, "", code)
        sub(/^.*[ *]/, "", code)
        return " " code " "
    }
    if (code ~ /^typedef/) {
        sub(/;[ \n]*$/, "", code)
        sub(/^.*[ }*]/, "", code)
        return " " code " "
    }
    names = " "
    sub(/^enum \{/, ",", code)
    while (match(code, /[a-zA-Z_][a-zA-Z_0-9]*(\[[^]]*\])* *=/)) {
        name = substr(code, RSTART, RLENGTH)
        sub(/[ \[=].*$/, "", name)
        names = names name " "
        code = substr(code, RSTART + RLENGTH)
    }
    return names
}

function finish(    is_function, code, name, count, i, list) {
    code = plain
    is_function = code ~ /^[a-zA-Z_ *0-9]+\(/ && code ~ /\)[ \n]*\{/
    name = names_of(code, is_function)
    if (name ~ /^ [a-zA-Z_0-9 ]+$/ && code ~ /^typedef|^enum|static|\) *\n\{/ &&
        code !~ /ad__call|ad_var|ad__vjp|ad__arena|ad_tape|ad_op|ad_type|ad__spec|ad__gemm|ad__sample|AD_OK/) {
        if (is_function && code !~ /static/) {
            text = quoted("static") text
        }
        count = split(substr(name, 2), list, " ")
        for (i = 1; i <= count; i++) {
            if (known[list[i], 7] || known[list[i], 0] || known[list[i], types]++) {
                print FILENAME ": " list[i] " is defined twice" > "/dev/stderr"
                exit 1
            }
        }
        printf "    {\"%s\",\n%s     , %d, %d},\n", name, comment text, types, is_function
    }
    comment = text = plain = ""
}

depth == 0 && text == "" && (/^\/\*/ || in_comment) {
    if (!in_comment) {
        comment = ""
    }
    comment = comment quoted($0)
    in_comment = !/\*\/ *$/
    next
}

/^#/ {
    next
}

depth == 0 && text == "" && /^$/ {
    comment = ""
    next
}

{
    line = $0
    while (match(line, /TYPED\([a-z_0-9]+\)/)) {
        line = substr(line, 1, RSTART - 1) substr(line, RSTART + 6, RLENGTH - 7) \
               substr(line, RSTART + RLENGTH)
    }
    text = text quoted(line)
    gsub(/\/\*.*\*\//, "", line)
    plain = plain line "\n"
    depth += depth_of(line)
    if (depth == 0 && line ~ /[;}] *$/) {
        finish()
    }
}

END {
    print "};\n\nconst size_t ad__text_count = sizeof ad__texts / sizeof *ad__texts;"
}
