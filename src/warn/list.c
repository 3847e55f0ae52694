/* list.c: building and ordering a list of warnings. */
#include "warn/warn.h"

#include <math.h>
#include <stdarg.h>

static const char *const level_names[] = { "notice", "warning", "critical" };

const char *warn_level_name(warn_level level)
{
    return level_names[level];
}

bool warn_level_of(toc_str name, warn_level *level)
{
    for (size_t i = 0; i < TOC_COUNT(level_names); i++) {
        if (!toc_str_is(name, level_names[i])) continue;
        *level = (warn_level)i;
        return true;
    }
    return false;
}

void warn_list_init(warn_list *list, const char *question)
{
    *list = (warn_list){ .question = question, .as_of = TOC_NO_TIME };
    list->backtest.as_of = list->backtest.until = TOC_NO_TIME;
}

void warn_release(warn_list *list)
{
    if (!list) return;
    toc_free(list->items);
    toc_free(list->notes);
    toc_arena_release(&list->arena);
    *list = (warn_list){0};
}

toc_status warn_add(toc_ctx *ctx, warn_list *list, warn_item **item)
{
    TOC_TRY(toc_grow(ctx, &list->items, &list->cap_items, list->n_items + 1, sizeof *list->items));
    *item = &list->items[list->n_items++];
    **item = (warn_item){ .money_minor = TOC_NO_MONEY, .currency = "", .action = "" };
    return TOC_OK;
}

static toc_status format_text(toc_ctx *ctx, toc_arena *arena, const char *fmt, va_list args, const char **text)
{
    va_list again;
    char *copy;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) return toc_fail(ctx, TOC_E_BUG, "bad format \"%s\"", fmt);
    TOC_TRY(toc_arena_alloc(ctx, arena, (size_t)n + 1, 1, &copy));
    vsnprintf(copy, (size_t)n + 1, fmt, args);
    *text = copy;
    return TOC_OK;
}

/* Arena arrays grow by one: lists of reasons, facts and evidence stay short. */
static toc_status append(toc_ctx *ctx, toc_arena *arena, void *array, size_t *n, size_t size, const void *element)
{
    void *old, *grown;

    memcpy(&old, array, sizeof old);
    TOC_TRY(toc_arena_alloc(ctx, arena, *n + 1, size, &grown));
    if (*n) memcpy(grown, old, *n * size);
    memcpy((char *)grown + *n * size, element, size);
    memcpy(array, &grown, sizeof grown);
    ++*n;
    return TOC_OK;
}

toc_status warn_note(toc_ctx *ctx, warn_list *list, const char *fmt, ...)
{
    va_list args;
    const char *text = NULL;

    TOC_TRY(toc_grow(ctx, &list->notes, &list->cap_notes, list->n_notes + 1, sizeof *list->notes));
    va_start(args, fmt);
    toc_status st = format_text(ctx, &list->arena, fmt, args, &text);
    va_end(args);
    if (!st) list->notes[list->n_notes++] = text;
    return st;
}

toc_status warn_add_reason(toc_ctx *ctx, warn_list *list, warn_item *item, warn_reason numbers, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    toc_status st = format_text(ctx, &list->arena, fmt, args, &numbers.text);
    va_end(args);
    return st ? st : append(ctx, &list->arena, &item->reasons, &item->n_reasons, sizeof numbers, &numbers);
}

toc_status warn_add_fact(toc_ctx *ctx, warn_list *list, warn_item *item, const char *name, const char *fmt, ...)
{
    va_list args;
    warn_fact fact = { .name = name };

    va_start(args, fmt);
    toc_status st = format_text(ctx, &list->arena, fmt, args, &fact.text);
    va_end(args);
    return st ? st : append(ctx, &list->arena, &item->facts, &item->n_facts, sizeof fact, &fact);
}

toc_status warn_add_evidence(toc_ctx *ctx, warn_list *list, warn_item *item, const char *id)
{
    const char *copy;

    TOC_TRY(toc_arena_copy(ctx, &list->arena, id, strlen(id), &copy));
    return append(ctx, &list->arena, &item->evidence, &item->n_evidence, sizeof copy, &copy);
}

toc_status warn_add_measure(toc_ctx *ctx, warn_list *list, const char *name, double value, double plain, const char *meaning)
{
    warn_measure measure = { .name = name, .value = value, .plain = plain, .meaning = meaning };
    return append(ctx, &list->arena, &list->backtest.measures, &list->backtest.n_measures, sizeof measure, &measure);
}

static int compare_doubles_falling(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a < b) - (a > b);
}

static int compare_reasons(const void *a, const void *b, const void *arg)
{
    const warn_reason *x = a, *y = b;
    (void)arg;
    return compare_doubles_falling(x->weight, y->weight);
}

static int compare_items(const void *a, const void *b, const void *arg)
{
    const warn_item *x = a, *y = b;
    (void)arg;
    if (x->level != y->level) return x->level < y->level ? 1 : -1;
    int by_score = compare_doubles_falling(x->score, y->score);
    return by_score ? by_score : strcmp(x->entity, y->entity);
}

toc_status warn_sort(toc_ctx *ctx, warn_list *list)
{
    for (size_t i = 0; i < list->n_items; i++)
        TOC_TRY(toc_sort(ctx, list->items[i].reasons, list->items[i].n_reasons, sizeof(warn_reason), compare_reasons, NULL));
    return toc_sort(ctx, list->items, list->n_items, sizeof *list->items, compare_items, NULL);
}

int warn_worst(const warn_list *list)
{
    int worst = -1;

    for (size_t i = 0; i < list->n_items; i++)
        if ((int)list->items[i].level > worst) worst = (int)list->items[i].level;
    return worst;
}
