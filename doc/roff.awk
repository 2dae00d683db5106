# SPDX-License-Identifier: MIT
# Manual pages of what headers.awk has read. The caller gives version and date, and nn, the headers
# of that library.

# what roff would take for its own signs; one kind of line, so that nothing begins with a request
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/\^/, "\\(ha", text)
    gsub(/~/, "\\(ti", text)
    gsub(/'/, "\\(aq", text)
    gsub(/`/, "\\(ga", text)
    sub(/^\./, "\\\\\\&.", text)
    return text
}

# prose: hyphens stay hyphens between letters, and `code` is bold
function roff_prose(text,    count, word, i, result) {
    count = split(text, word, "`")
    if (count % 2 == 0) {
        word[1] = text
        count = 1
    }
    for (i = 1; i <= count; i++) {
        word[i] = roff(word[i])
        while (match(word[i], /[a-z]\\-[a-z]/)) {
            word[i] = substr(word[i], 1, RSTART) "-" substr(word[i], RSTART + RLENGTH - 1)
        }
        result = result (i == 1 ? "" : i % 2 ? "\\fR" : "\\fB") word[i]
    }
    gsub(/\n\./, "\n\\\\\\&.", result)
    return result
}

function roff_verbatim(text,    count, line, i, result) {
    count = split(text, line, "\n")
    for (i = 1; i <= count; i++) {
        sub(/ +$/, "", line[i])
        result = result (i == 1 ? "" : "\n") (line[i] == "" ? "\\&" : roff(line[i]))
    }
    return result
}

function man_head(name, section, text) {
    printf ".\\\" Made from the headers by doc/headers.awk: change those, not this.\n" > page
    printf ".TH %s %s %s \"Wengert %s\" \"Wengert\"\n.ad l\n.nh\n.SH NAME\n%s \\- %s\n", toupper(name), section, \
           date, version, name, roff_prose(text) > page
}

# a new paragraph, but right below a heading, where one begins by itself
function man_paragraph() {
    if (!below_heading) {
        printf ".PP\n" > page
    }
    below_heading = 0
}

function man_section(title) {
    printf ".SH %s\n", title > page
    below_heading = 1
}

function man_text(text,    i) {
    split_text(without_tier(text))
    for (i = 1; i <= parts; i++) {
        if (part_kind[i] == "prose") {
            man_paragraph()
            printf "%s\n", roff_prose(part_text[i]) > page
        } else if (part_kind[i] == "label") {
            printf ".TP 9\n%s:\n%s\n", roff_prose(part_label[i]), roff_prose(part_text[i]) > page
        } else {
            man_paragraph()
            printf ".nf\n%s\n.fi\n", roff_verbatim(part_text[i]) > page
        }
        below_heading = 0
    }
}

function man_declaration(item,    i) {
    if (!statements[item]) {
        return
    }
    man_paragraph()
    printf ".nf\n.ft B\n" > page
    for (i = 1; i <= statements[item]; i++) {
        printf "%s\n", roff_verbatim(statement_code[item, i]) > page
    }
    printf ".ft R\n.fi\n" > page
    if (item_text[item] != "") {
        printf ".RS 4\n" > page
        below_heading = 1
        man_text(item_text[item])
        printf ".RE\n" > page
        below_heading = 0
    }
}

function library_of(file) {
    return index(" " nn " ", " " file " ") ? "wengert\\-nn" : "wengert"
}

function man_page(file, next_file,    i, name, title) {
    name = "wengert_" substr(file, 1, length(file) - 2)
    page = folder "/" name ".3"
    title = without_tier(brief(file))
    man_head(name, 3, title ~ /^([A-Z][A-Z]|Wengert)/ ? title : \
             tolower(substr(title, 1, 1)) substr(title, 2))
    printf ".SH SYNOPSIS\n.nf\n.B #include <wengert/%s>\n.PP\n%s\n.fi\n", file, \
           "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs " library_of(file) ")" > page
    man_section("DESCRIPTION")
    man_text(head[file])
    for (i = 1; i <= items; i++) {
        if (item_file[i] != file) {
            continue
        }
        if (item_kind[i] == "section") {
            man_section(roff_prose(toupper(without_tier(item_title[i]))))
            man_text(item_text[i])
        } else if (item_kind[i] == "text") {
            man_text(item_text[i])
        } else {
            man_declaration(i)
        }
    }
    printf ".SH SEE ALSO\n.BR wengert (3),\n.BR wengert (7)\n" > page
    close(page)
}

function write_man(    i, j, count, word, line) {
    for (i = 1; i <= headers; i++) {
        man_page(header[i])
    }
    page = folder "/wengert.3"
    man_head("wengert", 3, "automatic differentiation and neural networks: which call does what")
    printf ".SH SYNOPSIS\n.nf\n.B #include <wengert/autodiff.h>\n.B #include <wengert/nn.h>\n.fi\n" > page
    printf ".SH DESCRIPTION\nFrom what is to be done to the call that does it, and to its page.\n" > page
    for (i = 1; i <= tasks; i++) {
        count = split(task_calls[i], word, "`")
        line = ""
        for (j = 2; j <= count; j += 2) {
            line = line (line == "" ? "" : ", ") "\\fB" roff(word[j]) "\\fR"
        }
        printf ".TP\n%s\n%s: \\fBwengert_%s\\fR(3)\n", roff_prose(task[i]), line, \
               substr(task_header[i], 1, length(task_header[i]) - 2) > page
    }
    printf ".SH HEADERS\n" > page
    for (i = 1; i <= headers; i++) {
        printf ".TP\n.BR wengert_%s (3)\n%s\n", substr(header[i], 1, length(header[i]) - 2), \
               roff_prose(without_tier(brief(header[i]))) > page
    }
    printf ".SH SEE ALSO\n.BR wengert (7)\n" > page
    close(page)
    for (i = 1; i <= names; i++) {
        if (declared[i] in shown_in && kind_of[declared[i]] ~ /function|macro/) {
            page = folder "/" declared[i] ".3"
            printf ".so man3/wengert_%s.3\n", substr(header_of[declared[i]], 1, \
                   length(header_of[declared[i]]) - 2) > page
            close(page)
        }
    }
}
