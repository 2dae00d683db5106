/* SPDX-License-Identifier: MIT */
/* The derivatives of a model, by its inputs and its parameters. */
#include "layers/layer_internal.h"

#include <stdio.h>
#include <string.h>

typedef struct checked {
    nn_model *model;
    int training;
    ad_var *w; /* one each a parameter */
} checked;

/* A pure function: what is random or state is the same at every call, and nothing is assigned. x
 * holds the inputs and then the parameters that train, perhaps in a wider type than theirs. */
static ad_var record(void *user, const ad_var *x)
{
    const checked *c = user;
    const nn_params *params = c->model->root.params;
    ad_tape *tape = x[0].tape;
    ad_type type = ad_type_of(x[0]);
    ad_var y[NN__WAYS], sum;
    nn_pass pass;
    for (int i = 0, k = c->model->inputs; i < nn_params_count(params); i++) {
        const nn_param *p = nn_params_at(params, i);
        if (nn_role_trains(p->role)) {
            c->w[i] = x[k++];
            continue;
        }
        c->w[i] = ad_input_view(tape, p->type, p->shape, p->data);
        if (p->type != AD_I64 && p->type != type) {
            c->w[i] = ad_cast(c->w[i], type);
        }
    }
    nn__pass_begin(&pass, c->model, tape,
                   &(nn_forward_options){.training = c->training, .params = c->w});
    nn__pass_run(&pass, x, y);
    nn__pass_drop(&pass);
    sum = y[0];
    for (int i = 1; i < c->model->outputs; i++) {
        sum = ad_add(ad_sum(sum, AD_ALL), ad_mul(i + 1, ad_sum(y[i], AD_ALL)));
    }
    return sum;
}

static ad_report failed(ad_status status, const char *text)
{
    ad_report report = {.status = status};
    (void)snprintf(report.message, sizeof report.message, "nn_check: %s", text);
    return report;
}

ad_report nn_check_of(nn_model *model, const ad_check_input *x, nn_check_options options)
{
    if (nn_model_status(model) != AD_OK) {
        return failed(nn_model_status(model), nn_model_message(model));
    }
    if (!model->root.is_built || x == NULL) {
        return failed(AD_ERR_STATE, x == NULL ? "there are no inputs to check it at"
                                              : "the model is not built; see nn_build");
    }
    const nn_params *params = model->root.params;
    size_t all = (size_t)nn_params_count(params), count = (size_t)model->inputs;
    ad_check_input *in = nn__resize(&model->allocator, NULL, count + all, sizeof *in);
    checked c = {model, options.training,
                 nn__resize(&model->allocator, NULL, all + 1, sizeof(ad_var))};
    ad_report report = failed(AD_ERR_MEMORY, "out of memory");
    if (in != NULL && c.w != NULL) {
        memcpy(in, x, count * sizeof *in);
        for (int i = 0; i < (int)all; i++) {
            const nn_param *p = nn_params_at(params, i);
            if (nn_role_trains(p->role)) {
                in[count++] = (ad_check_input){p->type, p->shape, p->data};
            }
        }
        report = ad_check(record, &c, (int)count, in, &options.check);
    }
    nn__free(&model->allocator, in);
    nn__free(&model->allocator, c.w);
    return report;
}
