/* svg.c: the pictures, drawn in the page's own colours (CSS classes), each with a text alternative. */
#include "report/report.h"

#include <math.h>

#include "report/report_int.h"

/* A plot area and the values at its edges. */
typedef struct {
    double left, top, width, height;
    double x_max, y_max; /* x runs 0..x_max, y runs 0..y_max */
} plot;

static double px(const plot *p, double x) { return p->left + (p->x_max > 0 ? x / p->x_max : 0) * p->width; }
static double py(const plot *p, double y) { return p->top + p->height - (p->y_max > 0 ? y / p->y_max : 0) * p->height; }

static double largest(const double *values, size_t n, double so_far)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] > so_far) so_far = values[i];
    return so_far;
}

/* A line through the values at x = first, first + 1, ...; a NaN breaks it. */
static void line(toc_out *out, const plot *p, const char *css, const double *values, size_t n, size_t first)
{
    bool open = false;

    toc_out_printf(out, "<path class=\"%s\" d=\"", css);
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i])) {
            open = false;
            continue;
        }
        toc_out_printf(out, "%s%.1f %.1f", open ? "L" : "M", px(p, (double)(first + i)), py(p, values[i]));
        open = true;
    }
    toc_out_str(out, "\"/>");
}

void rep_svg_history(toc_out *out, const warn_item *item)
{
    size_t n = item->n_history + item->n_forecast;
    char last[32], peak[32];

    if (n < 2) return;
    plot p = { .left = 1, .top = 2, .width = 118, .height = 26, .x_max = (double)(n - 1) };
    p.y_max = largest(item->forecast, item->n_forecast, largest(item->history, item->n_history, 0));
    toc_out_printf(out, "<svg class=\"spark\" viewBox=\"0 0 120 30\" width=\"120\" height=\"30\" role=\"img\" aria-label=\"%zu past periods, highest %s, last %s",
                   item->n_history, rep_number(p.y_max, peak), rep_number(item->n_history ? item->history[item->n_history - 1] : NAN, last));
    toc_out_printf(out, "%s\">", item->n_forecast ? "; dashed: the forecast" : "");
    line(out, &p, "line", item->history, item->n_history, 0);
    if (item->n_forecast) line(out, &p, "line forecast", item->forecast, item->n_forecast, item->n_history);
    toc_out_str(out, "</svg>");
}

void rep_svg_calibration(toc_out *out, const warn_backtest *b)
{
    plot p = { .left = 42, .top = 8, .width = 200, .height = 200, .x_max = 1, .y_max = 1 };

    if (!b->n_bins) return;
    toc_out_str(out, "<figure><svg class=\"chart\" viewBox=\"0 0 264 245\" width=\"264\" height=\"245\" role=\"img\" aria-label=\"Calibration: predicted against "
                     "observed share, ten groups\">");
    toc_out_printf(out, "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>", p.left, p.top, p.top + p.height, p.left + p.width);
    toc_out_printf(out, "<path class=\"ideal\" d=\"M%.1f %.1fL%.1f %.1f\"/>", px(&p, 0), py(&p, 0), px(&p, 1), py(&p, 1));
    for (int t = 0; t <= 2; t++) {
        toc_out_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d %%</text>", px(&p, t / 2.0), p.top + p.height + 15, t * 50);
        toc_out_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>", p.left - 4, py(&p, t / 2.0) + 4, t * 50);
    }
    for (size_t i = 0; i < b->n_bins; i++)
        toc_out_printf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%zu: predicted %.0f %%, came true %.0f %%</title></circle>",
                       px(&p, b->bins[i].predicted), py(&p, b->bins[i].observed), b->bins[i].n, 100 * b->bins[i].predicted, 100 * b->bins[i].observed);
    toc_out_str(out, "<text x=\"142\" y=\"240\" text-anchor=\"middle\">predicted</text></svg><figcaption>Each dot is a tenth of the cases: predicted "
                     "share across, share that came true upwards. On the line, the probabilities are right.</figcaption></figure>\n");
}

void rep_svg_series(toc_out *out, const dos_section *s)
{
    plot p = { .left = 44, .top = 8, .width = 580, .height = 150 };
    char peak[32];
    size_t longest = 0;

    for (size_t k = 0; k < s->n_series; k++) {
        longest = TOC_MAX(longest, s->series[k].n);
        p.y_max = largest(s->series[k].values, s->series[k].n, p.y_max);
    }
    if (longest < 2) return;
    p.x_max = (double)(longest - 1);
    toc_out_printf(out, "<figure><svg class=\"chart wide\" viewBox=\"0 0 640 185\" role=\"img\" aria-label=\"");
    rep_esc(out, s->heading);
    toc_out_printf(out, ", highest %s\"><path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>", rep_number(p.y_max, peak), p.left, p.top, p.top + p.height, p.left + p.width);
    toc_out_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">0</text>", p.left - 4, p.top + 8, peak,
                   p.left - 4, p.top + p.height);
    for (size_t k = 0; k < s->n_series; k++) {
        char css[16];
        snprintf(css, sizeof css, "line s%zu", k % 4);
        line(out, &p, css, s->series[k].values, s->series[k].n, 0);
    }
    toc_out_printf(out, "<text x=\"%.1f\" y=\"175\">", p.left);
    rep_esc(out, s->x_first ? s->x_first : "");
    toc_out_printf(out, "</text><text x=\"%.1f\" y=\"175\" text-anchor=\"end\">", p.left + p.width);
    rep_esc(out, s->x_last ? s->x_last : "");
    toc_out_str(out, "</text></svg><figcaption>");
    for (size_t k = 0; k < s->n_series; k++) {
        toc_out_printf(out, "<span class=\"key s%zu\">", k % 4);
        rep_esc(out, s->series[k].name);
        toc_out_str(out, "</span> ");
    }
    toc_out_str(out, "</figcaption></figure>\n");
}
