# SPDX-License-Identifier: MIT
# What headers.awk has read, with comments in doxygen's notation.

# Signs that mean something to doxygen are shielded, and names of the interface lead to it.
function dox_words(text,    result, word) {
    while (match(text, /[A-Za-z_][A-Za-z0-9_]*(\.h)?/)) {
        word = substr(text, RSTART, RLENGTH)
        result = result dox_signs(substr(text, 1, RSTART - 1))
        text = substr(text, RSTART + RLENGTH)
        result = result (word in linked ? "\\ref " word " \"" word "\"" : word)
    }
    return result dox_signs(text)
}

function dox_signs(text) {
    gsub(/[\\&<>#%@$]/, "\\\\&", text)
    gsub(/--/, "\\\\&", text)
    gsub(/\.\.\.?/, "\\&hellip;", text)
    return text
}

function dox_prose(text,    count, word, i, result) {
    count = split(text, word, "`")
    if (count % 2 == 0) {
        return dox_words(text)
    }
    for (i = 1; i <= count; i++) {
        result = result (i == 1 ? "" : i % 2 ? "</code>" : "<code>") dox_words(word[i])
    }
    return result
}

function dox_text(text,    i, result, is_code) {
    split_text(without_tier(text))
    for (i = 1; i <= parts; i++) {
        if (part_kind[i] == "label") {
            result = result "\\par " part_label[i] "\n" dox_prose(part_text[i]) "\n\n"
        } else if (part_kind[i] == "prose") {
            result = result dox_prose(part_text[i]) "\n\n"
        } else {
            is_code = part_text[i] ~ /[;{](\n|$)/
            result = result (is_code ? "\\code{.c}\n" : "\\verbatim\n") part_text[i] \
                     (is_code ? "\n\\endcode\n\n" : "\n\\endverbatim\n\n")
        }
    }
    return result
}

# the comments of members, each behind or above its own
function dox_members(code,    count, line, i, at, result, open) {
    count = split(code, line, "\n")
    for (i = 1; i <= count; i++) {
        at = index(line[i], "/*")
        if (open) {
            sub(/^ *\* ?/, "", line[i])
            open = line[i] !~ /\*\//
            line[i] = dox_comment(line[i])
        } else if (at) {
            open = line[i] !~ /\*\//
            line[i] = substr(line[i], 1, at - 1) \
                      (substr(line[i], 1, at - 1) ~ /^ *$|\{ *$/ ? "/**" : "/**<") \
                      dox_comment(substr(line[i], at + 2))
        }
        result = result (i == 1 ? "" : "\n") line[i]
    }
    return result
}

# a comment's line, its end left as it is
function dox_comment(text,    tail) {
    tail = ""
    if (match(text, /\*\/.*/)) {
        tail = substr(text, RSTART)
        text = substr(text, 1, RSTART - 1)
    }
    return dox_prose(text) tail
}

function dox_declaration(item,    i, text, code, name) {
    text = dox_text(item_text[item])
    for (i = 1; i <= statements[item]; i++) {
        name = statement_name[item, i]
        code = statement_code[item, i]
        if (statement_kind[item, i] == "macro" && text == "" && match(code, /\(/)) {
            printf "/** The call of the function behind it, with options by name. */\n" > page
        } else if (text != "") {
            printf "/** %s*/\n", text > page
        }
        if (statement_kind[item, i] == "macro" && code ~ /\\\n/ && code !~ /"/) {
            sub(/ \\\n.*/, "", code)
        }
        printf "%s\n\n", statement_kind[item, i] ~ /type|enum/ ? dox_members(code) : code > page
    }
}

# the text of a section, and all that stands alone in it
function section_text(first, file,    i, text) {
    text = first ? item_text[first] : head[file]
    for (i = first + 1; i <= items; i++) {
        if (item_file[i] == file && item_kind[i] == "section") {
            break
        }
        if (item_file[i] == file && item_kind[i] == "text") {
            text = text "\n\n" item_text[i]
        }
    }
    return text
}

function dox_page(file,    i, grouped) {
    page = folder "/" file
    printf "/** \\file %s\n%s*/\n\n", file, dox_text(section_text(0, file)) > page
    for (i = 1; i <= items; i++) {
        if (item_file[i] != file) {
            continue
        }
        if (item_kind[i] == "section") {
            printf "%s/** \\name %s\n%s*/\n/** @{ */\n\n", grouped ? "/** @} */\n\n" : "", \
                   dox_words(without_tier(item_title[i])), dox_text(section_text(i, file)) > page
            grouped = 1
        } else if (item_kind[i] == "declaration") {
            dox_declaration(i)
        }
    }
    if (grouped) {
        printf "/** @} */\n" > page
    }
    close(page)
}

function write_doxygen(    i) {
    for (i = 1; i <= names; i++) {
        if (declared[i] in shown_in || kind_of[declared[i]] == "constant") {
            linked[declared[i]] = 1
        }
    }
    for (i = 1; i <= headers; i++) {
        linked[header[i]] = 1
    }
    for (i = 1; i <= headers; i++) {
        dox_page(header[i])
    }
    page = folder "/tasks.dox"
    printf "/** \\mainpage Wengert %s\n\n", version > page
    printf "Automatic differentiation and neural networks in C11.\n\n" > page
    printf "<table>\n<tr><th>to</th><th>call</th><th>in</th></tr>\n" > page
    for (i = 1; i <= tasks; i++) {
        printf "<tr><td>%s</td><td>%s</td><td>%s</td></tr>\n", dox_prose(task[i]), \
               dox_prose(task_calls[i]), dox_words(task_header[i]) > page
    }
    printf "</table>\n\n<table>\n<tr><th>header</th><th></th></tr>\n" > page
    for (i = 1; i <= headers; i++) {
        printf "<tr><td>%s</td><td>%s</td></tr>\n", dox_words(header[i]), \
               dox_prose(without_tier(brief(header[i]))) > page
    }
    printf "</table>\n*/\n" > page
    close(page)
}
