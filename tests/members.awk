# SPDX-License-Identifier: MIT
# The members of each kind that the public headers declare, as lists for the test of all of a kind:
#
#   awk -f members.awk wengert/init.h wengert/optim.h .. > members.h
#
#   AD_API extern const nn_rule nn_sgd_rule;         NN_EVERY_RULE(ROW)      ROW(nn_sgd_rule)
#   AD_API extern const nn_metric nn_accuracy;       NN_EVERY_METRIC(ROW)    ROW(nn_accuracy)
#   AD_API extern const nn_layer_kind nn_sum_kind;   NN_EVERY_LAYER_KIND(ROW) ROW(nn_sum_kind)
#   AD_API nn_init nn_uniform(double lo, double hi); NN_EVERY_INIT(ROW)      ROW(nn_uniform(0.5, 0.75))
#   AD_API nn_schedule nn_cosine(double warmup);     NN_EVERY_SCHEDULE(ROW)  ROW(nn_cosine(0.75))
#
# A value is made with numbers of its prototype's types; a list, of the test's MEMBER_VALUES.

BEGIN {
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Made by members.awk from the public headers: change those, not this. */"
}

function add(kind, text) {
    rows[kind] = rows[kind] " ROW(" text ")"
}

function sample(parameters,    part, count, i, made, numbers) {
    count = split(parameters, part, / *, */)
    for (i = 1; i <= count; i++) {
        made = made (i > 1 ? ", " : "")
        if (part[i] ~ /^double /) {
            made = made (count > 1 && numbers++ == 0 ? "0.5" : "0.75")
        } else if (part[i] ~ /^size_t /) {
            made = made "sizeof(MEMBER_VALUES) / sizeof(MEMBER_VALUES)[0]"
        } else if (part[i] ~ /^const double \*/) {
            made = made "MEMBER_VALUES"
        } else if (part[i] ~ /^nn_activation /) {
            made = made "ad_tanh"
        } else if (part[i] != "void") {
            print FILENAME ": members.awk makes no " part[i] | "cat 1>&2"
            failed = 1
        }
    }
    return made
}

/^AD_API extern const nn_(rule|metric|layer_kind) / {
    sub(/;.*/, "")
    add($4, $5)
}

/^AD_API nn_(init|schedule) / {
    name = $0
    sub(/^AD_API nn_[a-z]+ /, "", name)
    parameters = name
    sub(/\(.*/, "", name)
    gsub(/^[^(]*\(|\);.*$/, "", parameters)
    add($2, name "(" sample(parameters) ")")
}

END {
    count = split("rule metric layer_kind init schedule", kinds, " ")
    for (i = 1; i <= count; i++) {
        print "#define NN_EVERY_" toupper(kinds[i]) "(ROW)" rows["nn_" kinds[i]]
    }
    exit failed
}
