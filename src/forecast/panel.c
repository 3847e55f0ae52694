/* panel.c: rows of a table to series, and forecasts to rows. */
#include "forecast/forecast_int.h"

#include <math.h>

typedef struct {
    int64_t *day;      /* (rows) local day */
    double *value;     /* (rows) NaN = empty */
    const tab_column *id;
    int64_t latest;    /* local day */
} rows;

static toc_status read_value(toc_ctx *ctx, const tab_column *c, size_t row, double *value)
{
    char buf[40];
    if (c->type == TAB_F64) *value = c->f64[row];
    else if (c->type == TAB_I64) *value = c->i64[row] == TAB_NO_INT ? NAN : (double)c->i64[row];
    else {
        toc_str text = toc_str_trim(tab_cell(c, row, buf));
        *value = NAN;
        if (text.n && !toc_parse_double(text, value))
            return toc_fail(ctx, TOC_E_DATA, "row %zu: \"%.*s\" in column %s is no number", row + 1,
                            (int)TOC_MIN(text.n, (size_t)40), text.p, c->name);
    }
    return TOC_OK;
}

/* Which of day and month comes first, as far as the column itself says. */
static toc_date_order order_of(const tab_column *c, size_t n)
{
    char buf[40];
    for (size_t i = 0; i < n; i++) {
        toc_date_order order = toc_date_order_of(toc_str_trim(tab_cell(c, i, buf)));
        if (order == TOC_DATE_DMY || order == TOC_DATE_MDY) return order;
    }
    return TOC_DATE_UNKNOWN;
}

static toc_status read_day(toc_ctx *ctx, const tab_column *c, size_t row, toc_date_order order, int64_t *day)
{
    char buf[40];
    int64_t at = TOC_NO_TIME;
    toc_str text = toc_str_trim(tab_cell(c, row, buf));
    if (c->type == TAB_TIME) at = c->i64[row];
    else if (!toc_parse_time(ctx, text, order, &at)) at = TOC_NO_TIME;
    if (at == TOC_NO_TIME)
        return toc_fail(ctx, TOC_E_DATA, "row %zu: \"%.*s\" in column %s is no time%s", row + 1, (int)TOC_MIN(text.n, (size_t)40),
                        text.p, c->name,
                        order == TOC_DATE_UNKNOWN && text.n ? ", or its day and month cannot be told apart" : "");
    *day = toc_local_day(ctx, at);
    return TOC_OK;
}

static toc_status read_rows(toc_ctx *ctx, const tab_table *table, const char *value, const char *time, const char *id, rows *r)
{
    const tab_column *values = NULL, *times = NULL;
    TOC_TRY(tab_need(ctx, table, value, &values));
    TOC_TRY(tab_need(ctx, table, time, &times));
    if (id) TOC_TRY(tab_need(ctx, table, id, &r->id));
    if (r->id && r->id->type != TAB_TEXT) return toc_fail(ctx, TOC_E_USAGE, "the id column %s must be text", id);
    TOC_TRY(toc_alloc(ctx, table->n_rows, sizeof *r->day, &r->day));
    TOC_TRY(toc_alloc(ctx, table->n_rows, sizeof *r->value, &r->value));
    toc_date_order order = order_of(times, table->n_rows);
    r->latest = INT64_MIN;
    for (size_t i = 0; i < table->n_rows; i++) {
        TOC_TRY(read_value(ctx, values, i, &r->value[i]));
        TOC_TRY(read_day(ctx, times, i, order, &r->day[i]));
        r->latest = TOC_MAX(r->latest, r->day[i]);
    }
    return TOC_OK;
}

static int64_t month_of(int64_t day)
{
    int64_t year;
    unsigned month, d;
    toc_civil_from_days(day, &year, &month, &d);
    return year * 12 + (int64_t)month - 1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t period_of(const fc_panel *p, int64_t day)
{
    if (p->period == FC_MONTH) return month_of(day);
    return p->period == FC_WEEK ? floor_div(day - p->end_day, 7) : day;
}

static int64_t period_start(const fc_panel *p, int64_t index)
{
    if (p->period == FC_MONTH)
        return toc_days_from_civil(floor_div(index, 12), (unsigned)(index - 12 * floor_div(index, 12)) + 1, 1);
    return p->period == FC_WEEK ? p->end_day + 7 * index : index;
}

/* Series numbers by id text: series_of (by code) out, n series. */
static toc_status number_ids(toc_ctx *ctx, const rows *r, size_t n_rows, uint32_t *rank, uint32_t *series_of, fc_panel *p)
{
    size_t n_codes = r->id ? toc_pool_size(r->id->pool) : 1;
    if (!r->id) {
        p->id[0] = "all";
        p->n = 1;
        return TOC_OK;
    }
    TOC_TRY(toc_pool_rank(ctx, r->id->pool, rank));
    /* by_rank, then compacted to those that have rows: codes are read twice, texts never compared again */
    for (size_t i = 0; i < n_rows; i++) series_of[r->id->code[i]] = 1;
    uint32_t *code_of = series_of + n_codes;
    for (size_t c = 0; c < n_codes; c++) code_of[rank[c]] = (uint32_t)c;
    for (size_t k = 0; k < n_codes; k++) {
        uint32_t c = code_of[k];
        if (!series_of[c]) continue;
        p->id[p->n] = toc_pool_text(r->id->pool, c);
        series_of[c] = (uint32_t)p->n++;
    }
    return TOC_OK;
}

static toc_status fill_periods(toc_ctx *ctx, const rows *r, size_t n_rows, const uint32_t *series_of, fc_panel *p)
{
    int64_t first = INT64_MAX, last = p->period == FC_MONTH  ? month_of(p->end_day) - 1
                                      : p->period == FC_WEEK ? -1
                                                             : p->end_day - 1;
    size_t cells = 0;
    for (size_t i = 0; i < n_rows; i++) {
        int64_t at = period_of(p, r->day[i]);
        if (at > last) p->n_later++;
        else first = TOC_MIN(first, at);
    }
    if (first == INT64_MAX) return toc_fail(ctx, TOC_E_DATA, "no rows before the moment asked for");
    p->first = first;
    p->n_periods = (size_t)(last - first + 1);
    TOC_TRY(toc_mul_size(ctx, p->n, p->n_periods, &cells));
    TOC_TRY(toc_alloc(ctx, cells, sizeof *p->demand, &p->demand));
    for (size_t i = 0; i < n_rows; i++) {
        int64_t at = period_of(p, r->day[i]);
        if (at > last) continue;
        p->demand[(r->id ? series_of[r->id->code[i]] : 0) * p->n_periods + (size_t)(at - first)] += r->value[i];
    }
    for (size_t i = 0; i < cells; i++)
        if (p->demand[i] < 0.0) p->demand[i] = 0.0;
    return TOC_OK;
}

/* Without --as-of the series end with the period of the latest row; a month then counts as whole. */
static int64_t end_of(const toc_ctx *ctx, const rows *r, fc_period period, int64_t as_of)
{
    if (as_of != TOC_NO_TIME) {
        int64_t day = toc_local_day(ctx, as_of), year;
        unsigned month, d;
        if (period != FC_MONTH) return day;
        toc_civil_from_days(day, &year, &month, &d);
        return toc_days_from_civil(year, month, 1);
    }
    if (period != FC_MONTH) return r->latest + 1;
    int64_t next = month_of(r->latest) + 1;
    return toc_days_from_civil(floor_div(next, 12), (unsigned)(next - 12 * floor_div(next, 12)) + 1, 1);
}

toc_status fc_panel_build(toc_ctx *ctx, const tab_table *table, const char *value, const char *time, const char *id,
                          fc_period period, int64_t as_of, fc_panel *panel)
{
    toc_status st = TOC_OK;
    rows r = {0};
    uint32_t *rank = NULL, *series_of = NULL;
    fc_panel p = { .period = period };
    if ((st = read_rows(ctx, table, value, time, id, &r))) goto out;
    if (!table->n_rows) {
        st = toc_fail(ctx, TOC_E_DATA, "no rows to forecast from");
        goto out;
    }
    p.end_day = end_of(ctx, &r, period, as_of);
    size_t n_codes = r.id ? toc_pool_size(r.id->pool) : 1;
    if ((st = toc_alloc(ctx, n_codes, sizeof *p.id, &p.id))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *rank, &rank))) goto out;
    if ((st = toc_alloc(ctx, 2 * n_codes, sizeof *series_of, &series_of))) goto out;
    if ((st = number_ids(ctx, &r, table->n_rows, rank, series_of, &p))) goto out;
    if ((st = fill_periods(ctx, &r, table->n_rows, series_of, &p))) goto out;
    *panel = p;
    p = (fc_panel){0};
out:
    fc_panel_release(&p);
    toc_free(r.day);
    toc_free(r.value);
    toc_free(rank);
    toc_free(series_of);
    return st;
}

void fc_panel_release(fc_panel *panel)
{
    toc_free(panel->id);
    toc_free(panel->demand);
    *panel = (fc_panel){0};
}

void fc_panel_start(const toc_ctx *ctx, const fc_panel *panel, size_t step, char *buf)
{
    int64_t day = period_start(panel, panel->first + (int64_t)panel->n_periods + (int64_t)step);
    toc_format_date(ctx, toc_local_midnight(ctx, day), buf);
}

static void write_row(const fc_panel *panel, size_t s, const char *step, const char *start, double mean, const double *quantile,
                      fc_class class, toc_out *out)
{
    static const double shown[] = { 0.5, 0.8, 0.9, 0.95, 0.99 };
    char buf[32];
    tab_csv_field(out, toc_str_of(panel->id[s]));
    toc_out_printf(out, ",%s,%s", step, start);
    for (size_t k = 0; k <= TOC_COUNT(shown); k++) {
        double value = k ? fc_quantile(quantile, shown[k - 1]) : mean;
        toc_format_double(round(value * 1e4) / 1e4, buf);
        toc_out_printf(out, ",%s", buf);
    }
    toc_out_printf(out, ",%s\n", fc_class_name(class));
}

void fc_write_csv(const toc_ctx *ctx, const fc_panel *panel, const fc_forecasts *forecasts, toc_out *out)
{
    char start[16], step[24];
    toc_out_str(out, "id,step,start,mean,q50,q80,q90,q95,q99,class\n");
    for (size_t s = 0; s < panel->n; s++) {
        const fc_forecast *f = &forecasts->series[s];
        for (size_t h = 0; h < forecasts->horizon; h++) {
            snprintf(step, sizeof step, "%zu", h + 1);
            fc_panel_start(ctx, panel, h, start);
            write_row(panel, s, step, start, f->mean[h], f->quantile + h * FC_N_LEVELS, f->class, out);
        }
        fc_panel_start(ctx, panel, 0, start);
        write_row(panel, s, "sum", start, f->sum_mean, f->sum_quantile, f->class, out);
    }
}
