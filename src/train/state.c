/* state.c: the state of a run on disk: a line of numbers, then the parameters' values and Adam's moments as they are in memory. Only the machine that wrote it
 * needs to read it. */
#include <inttypes.h>
#include <unistd.h>

#include "train/train_int.h"

static const char magic[] = "tocsin training state 1";

toc_status trn_state_save(toc_ctx *ctx, const trn_plan *plan, const trn_position *position, const nn_params *params, const nn_adam *adam)
{
    toc_out out = {0};
    toc_status st;

    if ((st = toc_out_open(ctx, plan->state, true, &out))) goto out;
    toc_out_printf(&out, "%s\n%016" PRIx64 " %zu %zu %zu %" PRIu64 "\n", magic, plan->settings, sizeof *position, params->n_values, params->n_trained, adam->step);
    toc_out_write(&out, (const char *)position, sizeof *position);
    toc_out_write(&out, (const char *)params->values, params->n_values * sizeof(float));
    toc_out_write(&out, (const char *)adam->first, params->n_trained * sizeof(float));
    toc_out_write(&out, (const char *)adam->second, params->n_trained * sizeof(float));
    st = toc_out_close(ctx, &out);
out:
    toc_out_abandon(&out);
    return st;
}

static toc_status read_state(toc_ctx *ctx, const trn_plan *plan, toc_str rest, trn_position *position, nn_params *params, nn_adam *adam)
{
    toc_str line, head;
    char text[128];
    uint64_t settings, steps;
    size_t size, values, trained;
    const size_t wanted = sizeof *position + (params->n_values + 2 * params->n_trained) * sizeof(float);

    if (!toc_str_split(&rest, '\n', &line) || !toc_str_is(line, magic) || !toc_str_split(&rest, '\n', &head) || head.n >= sizeof text)
        return toc_fail(ctx, TOC_E_DATA, "%s: no state of a training; remove it", plan->state);
    memcpy(text, head.p, head.n);
    text[head.n] = 0;
    if (sscanf(text, "%" SCNx64 " %zu %zu %zu %" SCNu64, &settings, &size, &values, &trained, &steps) != 5)
        return toc_fail(ctx, TOC_E_DATA, "%s: no state of a training; remove it", plan->state);
    if (settings != plan->settings || size != sizeof *position || values != params->n_values || trained != params->n_trained)
        return toc_fail(ctx, TOC_E_USAGE, "%s is of a training with other settings or texts that did not end: run that one again to go on, or remove the file", plan->state);
    if (rest.n != wanted) return toc_fail(ctx, TOC_E_DATA, "%s: cut off; remove it", plan->state);
    memcpy(position, rest.p, sizeof *position);
    rest.p += sizeof *position;
    memcpy(params->values, rest.p, values * sizeof(float));
    rest.p += values * sizeof(float);
    memcpy(adam->first, rest.p, trained * sizeof(float));
    memcpy(adam->second, rest.p + trained * sizeof(float), trained * sizeof(float));
    adam->step = steps;
    return TOC_OK;
}

toc_status trn_state_load(toc_ctx *ctx, const trn_plan *plan, trn_position *position, nn_params *params, nn_adam *adam, bool *found)
{
    toc_buf content = {0};

    *found = access(plan->state, F_OK) == 0;
    if (!*found) return TOC_OK;
    toc_status st = toc_read_file(ctx, plan->state, &content);
    if (!st) st = read_state(ctx, plan, (toc_str){ content.p ? content.p : "", content.n }, position, params, adam);
    toc_buf_release(&content);
    return st;
}
