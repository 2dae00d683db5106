/* SPDX-License-Identifier: MIT */
#include "tape/tape_internal.h"

/* What handles and nodes refer to. */

/* ---- handles ---- */

ad_var ad__dead(ad_tape *tape)
{
    return ad__handle(tape, 0);
}

ad_status ad__check_handle(ad_tape *tape, ad_var v, const char *origin)
{
    if (tape->error.status != AD_OK || ad__is_recent(tape, v)) {
        return tape->error.status;
    }
    if (v.tape != NULL && v.tape != tape) {
        return ad_tape_fail(tape, AD_ERR_FOREIGN, origin, NULL,
                            "its arguments are on different tapes; read the value of one and give "
                            "it to ad_input of the other");
    }
    if (v.tape == NULL) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, origin, NULL,
                            "a number stands where a variable is needed");
    }
    if (v.ref.at.node == 0 || !ad__is_alive(tape, v.ref.at)) {
        return ad_tape_fail(tape, AD_ERR_STALE, origin, NULL,
                            v.ref.at.node != 0
                                ? "a variable was forgotten by ad_tape_rewind; record it again, or "
                                  "record it before the mark"
                                : "a variable is dead because an earlier operation failed");
    }
    return AD_OK;
}

/* ---- nodes ---- */

int ad__reads_stale(const ad_tape *tape, uint32_t node)
{
    int count;
    const uint32_t *arg = ad__args_of(tape, node, &count);
    for (int i = 0; i < count; i++) {
        const ad__node *leaf = &tape->node[arg[i]];
        if (leaf->code == AD__ASSIGNED && node < leaf->arg[1] &&
            ad__is_alive(tape, (ad__node_ref){node, leaf->arg[2]}) &&
            !(i == 0 && ad__has(ad__op_of(tape, node), AD__WRITES))) {
            return 1;
        }
    }
    return 0;
}
