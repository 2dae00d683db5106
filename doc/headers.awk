# SPDX-License-Identifier: MIT
# awk -f headers.awk -f tasks.awk -f roff.awk -f doxygen.awk -v out=WHAT [-v folder=FOLDER] README.md
# HEADER...: reads the public headers, whose comments are plain C and plain English, and writes into
# FOLDER what WHAT says:
#
#   man       manual pages: wengert.3, which is the README's table of tasks, one page a header, and
#             for each function a page that leads to its header's
#   doxygen   the headers with comments that doxygen understands, and tasks.dox, its main page
#   names     on stdout: every function, type, constant and macro of the interface, with its header
#   check     nothing; complains of a task that names what its header does not declare
#
# How a header is read: /* .. */ right above declarations, up to the next blank line, is about all
# of them; any other is about the file, or, below a line of ---- or ====, about that section. A name
# with two underscores is private. Of #ifdef __cplusplus .. #else, C's part counts.

function finish_group() {
    grouping = 0
    if (attached) {
        pending = ""
    }
    attached = 0
}

function new_item(kind, text) {
    items++
    item_file[items] = file
    item_kind[items] = kind
    item_text[items] = text
    statements[items] = 0
    return items
}

# a comment that stands alone: of the file, of a section, or one
function finish_comment(    title, at) {
    if (pending == "" || attached) {
        return
    }
    title = pending
    sub(/\n.*/, "", title)
    if (title ~ /^(----|====) .* (----|====)$/) {
        at = index(pending, "\n")
        new_item("section", at ? substr(pending, at + 1) : "")
        gsub(/^(----|====) | (----|====)$/, "", title)
        item_title[items] = title
    } else if (!(file in head)) {
        head[file] = pending
    } else {
        new_item("text", pending)
    }
    pending = ""
}

# "/* text", " * text", " * text */" without what makes it a comment
function comment_line(line) {
    sub(/ *\*\/ *$/, "", line)
    if (!sub(/^\/\* ?/, "", line) && !sub(/^ \* ?/, "", line)) {
        sub(/^  ? ?/, "", line)
    }
    return line
}

function declare(name, kind) {
    if (!(name in header_of)) {
        header_of[name] = file
        kind_of[name] = kind
        declared[++names] = name
    }
}

# the constants of an enum
function declare_members(code,    count, word, i) {
    sub(/^[^{]*\{/, "", code)
    sub(/\}.*$/, "", code)
    gsub(/\/\*([^*]|\*[^\/])*\*\//, "", code)
    count = split(code, word, ",")
    for (i = 1; i <= count; i++) {
        gsub(/=.*|#.*|[ \n]/, "", word[i])
        if (word[i] ~ /^(AD|NN)_[A-Z0-9_]+$/) {
            declare(word[i], "constant")
        }
    }
}

# A macro without its body where that is no use to a reader.
function macro_shown(code,    body) {
    body = code
    gsub(/__VA_ARGS__|__FILE__|__LINE__/, "", body)
    if (body ~ /__/ && match(code, /^#define [A-Za-z_0-9]+(\([^)]*\))?/)) {
        return substr(code, 1, RLENGTH)
    }
    gsub(/ +\\\n/, " \\\n", code)
    return code
}

# the objects of "extern const nn_rule nn_sgd_rule, nn_adam_rule;"
function declare_objects(code,    count, word, i) {
    sub(/;.*/, "", code)
    count = split(code, word, ",")
    for (i = 1; i <= count; i++) {
        sub(/\[.*/, "", word[i])
        sub(/^(.|\n)*[^A-Za-z0-9_]/, "", word[i])
        declare(word[i], "object")
    }
    return word[1]
}

function finish_statement(    name, kind, code) {
    code = statement
    statement = ""
    if (sub(/^(extern )?AD_API (extern )?/, "", code)) {
        gsub(/\n       /, "\n", code)
    }
    name = code
    if (code ~ /^#define/) {
        kind = "macro"
        sub(/^#define /, "", name)
        sub(/[^A-Za-z0-9_].*/, "", name)
        if (name ~ /_H$/ || code ~ /__attribute__/ || kind_of[name] == "function") {
            return
        }
        code = macro_shown(code)
    } else if (code ~ /^typedef/) {
        kind = "type"
        if (code !~ /\{/ && match(code, /\(\*[a-z_0-9]+\)/)) {
            name = substr(code, RSTART + 2, RLENGTH - 3)
        } else {
            sub(/;[^;]*$/, "", name)
            sub(/^(.|\n)*[^A-Za-z0-9_]/, "", name)
        }
        if (code ~ /^typedef enum/) {
            declare_members(code)
        }
    } else if (code ~ /^enum/) {
        kind = "enum"
        name = ""
        declare_members(code)
    } else if (code ~ /^static inline/) {
        kind = "function"
        sub(/^static inline /, "", code)
        sub(/\n\{.*/, ";", code)
        name = code
    } else if (code ~ /^(extern )?(const )?[a-z_]+ (const )?\*?[a-z0-9_]+[^(]*;/) {
        kind = "object"
        name = declare_objects(code)
    } else if (code ~ /\(/) {
        kind = "function"
        sub(/[ \n]*AD_PRINTF\([^)]*\)/, "", code)
    } else {
        return
    }
    if (kind == "function") {
        sub(/\(.*/, "", name)
        sub(/.*[ *]/, "", name)
    }
    if (name ~ /__/) {
        return
    }
    if (name != "") {
        declare(name, kind)
    }
    if (!grouping) {
        grouping = new_item("declaration", pending)
        pending = ""
    }
    # a form with the place of the call, beside the one without, is not worth a reader's time
    if (name ~ /_at$/ && (substr(name, 1, length(name) - 3) in shown_in) &&
        shown_in[substr(name, 1, length(name) - 3)] == grouping) {
        return
    }
    shown_in[name] = grouping
    statements[grouping]++
    statement_code[grouping, statements[grouping]] = code
    statement_name[grouping, statements[grouping]] = name
    statement_kind[grouping, statements[grouping]] = kind
}

function balance(line,    opened, closed) {
    gsub(/"[^"]*"|\/\*.*\*\//, "", line)
    opened = gsub(/\{/, "", line)
    closed = gsub(/\}/, "", line)
    return opened - closed
}

FNR == 1 {
    file = FILENAME
    sub(/.*\//, "", file)
    is_header = file ~ /\.h$/
    in_table = inside = level = 0
    begun = attached = 0
    pending = statement = ""
    grouping = 0
    if (is_header) {
        header[++headers] = file
    }
}

# ---- the README's table of tasks: | to | call | header |
!is_header && /^\| to / {
    in_table = 1
}
!is_header && in_table && /`/ {
    split($0, column, / *\| */)
    tasks++
    task[tasks] = column[2]
    task_calls[tasks] = column[3]
    task_header[tasks] = column[4]
    gsub(/`|(autodiff|nn)\//, "", task_header[tasks])
}
!is_header && !/^\|/ {
    in_table = 0
}
!is_header {
    next
}

# ---- what stands before the guard is about the file as text
!begun {
    begun = /^#ifndef/
    next
}

# ---- conditions
!inside && /^#if/ {
    level++
    skipping[level] = skipping[level - 1] || /__cplusplus/
    next
}
!inside && /^#else/ {
    skipping[level] = skipping[level - 1] || !skipping[level]
    next
}
!inside && /^#endif/ {
    level--
    next
}
skipping[level] || (!depth && /^#(include|undef)/) {
    next
}

# ---- comments
inside {
    pending = pending "\n" comment_line($0)
    inside = !/\*\//
    next
}
statement == "" && /^\/\*/ {
    finish_group()
    pending = comment_line($0)
    inside = !/\*\//
    next
}

# ---- blank lines end what is about the declarations below
statement == "" && /^ *$/ {
    finish_comment()
    finish_group()
    next
}

# ---- declarations
statement == "" && /^[#a-zA-Z]/ {
    statement = $0
    attached = 1
    depth = balance($0)
    is_inline = /^static inline/
}
statement != "" && statement != $0 {
    statement = statement "\n" $0
    depth += balance($0)
}
statement != "" {
    if (statement ~ /^#define/ ? !/\\$/ : is_inline ? /^\}/ : !depth && /;( *\/\*.*\*\/)?$/) {
        finish_statement()
        depth = 0
    }
}

# ---- a comment's text in parts: prose, verbatim lines, and what begins with a word and a colon
function add_part(kind, text, label) {
    parts++
    part_kind[parts] = kind
    part_text[parts] = text
    part_label[parts] = label
}

function is_label(line) {
    return line ~ /^(Errors|Owns|Source|Method|Accuracy|Special values|Parameters)( [a-z]+)?:( |$)/ || \
           line ~ /^[a-z_]+:  +/
}

function finish_paragraph(    lines, line, i, gaps, label) {
    if (paragraph == "") {
        return
    }
    lines = split(paragraph, line, "\n")
    for (i = 1; i <= lines; i++) {
        gaps += line[i] ~ /[^ .;]   +[^ ]/
    }
    if (in_verbatim || (lines > 1 && gaps == lines)) {
        add_part("verbatim", paragraph, "")
    } else if (is_label(paragraph)) {
        label = substr(paragraph, 1, index(paragraph, ":") - 1)
        sub(/^[^:]*: */, "", paragraph)
        add_part("label", paragraph, label)
    } else {
        add_part("prose", paragraph, "")
    }
    paragraph = ""
    in_verbatim = 0
}

function split_text(text,    lines, line, i, blank) {
    parts = 0
    paragraph = ""
    in_verbatim = 0
    lines = split(text, line, "\n")
    for (i = 1; i <= lines; i++) {
        if (line[i] ~ /^ *$/) {
            if (!in_verbatim || line[i + 1] !~ /^  /) {
                finish_paragraph()
            } else {
                paragraph = paragraph "\n"
            }
            continue
        }
        if (line[i] ~ /^  / && !(paragraph != "" && !in_verbatim && is_label(paragraph))) {
            if (!in_verbatim) {
                finish_paragraph()
            }
            in_verbatim = 1
        } else if (in_verbatim || is_label(line[i])) {
            finish_paragraph()
        }
        if (!in_verbatim) {
            sub(/^ +/, "", line[i])
        }
        paragraph = paragraph (paragraph == "" ? "" : "\n") line[i]
    }
    finish_paragraph()
}

# "Training, scoring and using a model. [everyday]" is "Training, scoring and using a model"
# ; where the file has no comment of its own, it is that of its first declaration
function brief(file,    text, i) {
    text = head[file]
    for (i = 1; text == "" && i <= items; i++) {
        text = item_file[i] == file ? item_text[i] : ""
    }
    sub(/\n *\n.*/, "", text)
    gsub(/\n/, " ", text)
    if (match(text, /[.?] /)) {
        text = substr(text, 1, RSTART - 1)
    }
    sub(/[.?]? *$/, "", text)
    return text
}

# pages go without what headers say for those who read them one after the other
function without_tier(text) {
    sub(/ \[(everyday|extending|rarely)\]/, "", text)
    return text
}

END {
    if (out == "names") {
        for (i = 1; i <= names; i++) {
            print declared[i], kind_of[declared[i]], header_of[declared[i]]
        }
    } else if (out == "man") {
        write_man()
    } else if (out == "doxygen") {
        write_doxygen()
    }
    exit check_tasks()
}
