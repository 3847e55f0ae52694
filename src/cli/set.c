/* set.c: model parameters, --set name=value. */
#include "cli/cli.h"

static bool has_name(const char *item, const char *name)
{
    size_t n = strlen(name);
    return strncmp(item, name, n) == 0 && item[n] == '=';
}

const char *cli_set_get(const cli_list *set, const char *name)
{
    for (size_t i = set->n; i-- > 0;) /* the last one wins */
        if (has_name(set->items[i], name)) return set->items[i] + strlen(name) + 1;
    return NULL;
}

toc_status cli_set_check(toc_ctx *ctx, const cli_list *set, const char *const *known)
{
    for (size_t i = 0; i < set->n; i++) {
        bool found = false;
        for (const char *const *k = known; *k && !found; k++) found = has_name(set->items[i], *k);
        if (found) continue;
        toc_buf names = {0};
        toc_status st = TOC_OK;
        for (const char *const *k = known; *k && !st; k++) st = toc_buf_printf(ctx, &names, "%s%s", k == known ? "" : ", ", *k);
        if (!st) st = toc_fail(ctx, TOC_E_USAGE, "--set %s: name=value with one of: %s", set->items[i], names.n ? names.p : "(none)");
        toc_buf_release(&names);
        return st;
    }
    return TOC_OK;
}

toc_status cli_set_num(toc_ctx *ctx, const cli_list *set, const char *name, double min, double max, double fallback, double *value)
{
    const char *text = cli_set_get(set, name);
    double number;

    *value = fallback;
    if (!text) return TOC_OK;
    if (!toc_parse_double(toc_str_of(text), &number) || !(number >= min && number <= max))
        return toc_fail(ctx, TOC_E_USAGE, "--set %s=%s: a number from %.15g to %.15g", name, text, min, max);
    *value = number;
    return TOC_OK;
}
