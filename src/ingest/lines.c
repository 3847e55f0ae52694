/* lines.c: records that hold several lines of an order: groups of columns numbered 1, 2, 3 ..., fields with several values cut
 * by a character, or several rows of another file that belong to the record. */
#include "ingest/ingest_int.h"

bool ing_header_number(const char *pattern, toc_str header, size_t *number)
{
    const char *mark = strstr(pattern, ING_NUMBER);
    if (!mark) return false;
    size_t before = (size_t)(mark - pattern), after = strlen(mark + 3), n = before;

    *number = 0;
    if (header.n <= before + after || memcmp(header.p, pattern, before) != 0) return false;
    if (after && memcmp(header.p + header.n - after, mark + 3, after) != 0) return false;
    for (; n < header.n - after && n < before + 6 && header.p[n] >= '0' && header.p[n] <= '9'; n++)
        *number = *number * 10 + (size_t)(header.p[n] - '0');
    return n > before && n == header.n - after;
}

/* Adds a number to the sorted list of those there are. */
static void note_number(ing_lines *lines, size_t number)
{
    size_t i = lines->n_numbers;

    for (size_t k = 0; k < lines->n_numbers; k++)
        if (lines->numbers[k] == number) return;
    for (; i > 0 && lines->numbers[i - 1] > number; i--) lines->numbers[i] = lines->numbers[i - 1];
    lines->numbers[i] = number;
    lines->n_numbers++;
}

toc_status ing_lines_bind(toc_ctx *ctx, ing_load *load)
{
    ing_lines *lines = &load->lines;

    for (size_t k = 0; k < load->n_links; k++)
        if (load->links[k].join->each) lines->each = &load->links[k];
    TOC_TRY(toc_alloc(ctx, load->n_bound, sizeof *lines->numbers, &lines->numbers));
    TOC_TRY(toc_alloc(ctx, load->n_bound, sizeof *lines->present, &lines->present));
    for (size_t k = 0; k < load->n_bound; k++) {
        if (load->bound[k].group) note_number(lines, load->bound[k].group);
        if (load->bound[k].field->split && !lines->split) lines->split = &load->bound[k];
    }
    for (size_t k = 0; k < load->n_bound; k++)
        while (lines->numbers[load->bound[k].slot] < load->bound[k].group) load->bound[k].slot++;
    lines->several = lines->each || lines->split || lines->n_numbers;
    lines->n = 1;
    return TOC_OK;
}

/* The groups of the record that hold anything. */
static toc_status find_groups(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record)
{
    ing_lines *lines = &load->lines;

    /* first which they are, at their own places; then moved together */
    for (size_t i = 0; i < lines->n_numbers; i++) lines->present[i] = 0;
    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        toc_str text;
        if (!b->group || lines->present[b->slot]) continue;
        TOC_TRY(ing_bound_text(ctx, load, b, batch, record, &text));
        if (toc_str_trim(text).n) lines->present[b->slot] = b->group;
    }
    for (size_t i = 0; i < lines->n_numbers; i++)
        if (lines->present[i]) lines->present[lines->n_present++] = lines->present[i];
    return TOC_OK;
}

static size_t count_pieces(toc_str text, char cut)
{
    size_t n = 1;

    while (text.n && text.p[text.n - 1] == cut) text.n--;
    for (size_t i = 0; i < text.n; i++) n += text.p[i] == cut;
    return n;
}

toc_status ing_lines_count(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, size_t *n)
{
    ing_lines *lines = &load->lines;
    ing_reject reject = {0};
    toc_str text;

    *n = lines->n = 1;
    if (!lines->several) return TOC_OK;
    lines->n_present = 0;
    ing_lines_choose(load, 0);
    if (record->fault) return TOC_OK;
    if (lines->each) {
        TOC_TRY(ing_match_sides(ctx, load, batch, record, &reject));
        *n = ing_side_count(lines->each->sides[lines->each->which], lines->each->row);
    } else if (lines->n_numbers) {
        TOC_TRY(find_groups(ctx, load, batch, record));
        *n = lines->n_present;
    } else {
        TOC_TRY(ing_text_at(ctx, load, lines->split->places, lines->split->n_places, batch, record, &text));
        *n = count_pieces(toc_str_trim(text), lines->split->field->split);
    }
    *n = lines->n = TOC_MAX(*n, (size_t)1);
    return TOC_OK;
}

void ing_lines_choose(ing_load *load, size_t k)
{
    ing_lines *lines = &load->lines;

    lines->at = k;
    lines->number = k < lines->n_present ? lines->present[k] : k + 1;
}

/* The number of the line as text. */
static toc_str number_text(ing_lines *lines)
{
    return (toc_str){ lines->text, (size_t)snprintf(lines->text, sizeof lines->text, "%zu", lines->several ? lines->number : 1) };
}

/* The piece of "a;b;c" for the line; all of it where there is only one. */
static toc_str piece_of(ing_lines *lines, toc_str text, char cut)
{
    toc_str rest = text, piece = text;

    lines->cut = count_pieces(text, cut) > 1;
    for (size_t k = 0; lines->cut && toc_str_split(&rest, cut, &piece); k++)
        if (k == lines->at) return piece;
    while (!lines->cut && text.n && text.p[text.n - 1] == cut) text.n--;
    return lines->cut ? (toc_str){ "", 0 } : text;
}

/* The value behind "key:" in "sku:A1|quantity:2". */
static toc_str part_of(toc_str text, const char *key)
{
    size_t n = strlen(key);
    toc_str piece;

    while (toc_str_split(&text, '|', &piece))
        if (piece.n > n && piece.p[n] == ':' && memcmp(piece.p, key, n) == 0)
            return (toc_str){ piece.p + n + 1, piece.n - n - 1 };
    return (toc_str){ "", 0 };
}

toc_str ing_line_text(ing_load *load, const ing_field *field, toc_str text)
{
    if (field->how == ING_CONST) return strcmp(field->header, ING_NUMBER) == 0 ? number_text(&load->lines) : text;
    load->lines.cut = false;
    if (field->split) text = piece_of(&load->lines, toc_str_trim(text), field->split);
    if (field->part) text = part_of(text, field->part);
    if (field->not && toc_str_is(ing_clean_id(text), field->not)) return (toc_str){ "", 0 };
    for (size_t k = 0; k < load->map->n_empty && text.n; k++)
        if (toc_str_is(toc_str_trim(text), load->map->empty[k])) return (toc_str){ "", 0 };
    return text;
}

/* An even share of a whole, the first lines getting one more until nothing is left over; of goods, each line has at least one. */
int64_t ing_line_share(const ing_load *load, int64_t whole, bool goods)
{
    int64_t n = (int64_t)load->lines.n, at = (int64_t)load->lines.at, share = whole / n, over = whole % n;

    if (at < (over < 0 ? -over : over)) share += over < 0 ? -1 : 1;
    return goods && whole > 0 ? TOC_MAX(share, 1) : share;
}

void ing_lines_release(ing_lines *lines)
{
    toc_free(lines->numbers);
    toc_free(lines->present);
    *lines = (ing_lines){0};
}
