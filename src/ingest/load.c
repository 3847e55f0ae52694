/* load.c: all records of one file. Rows are added a batch at a time; a refused one gives its place back. */
#include "ingest/ingest_int.h"

/* A header in the files of a join. */
static toc_status find_in_sides(toc_ctx *ctx, const ing_load *load, size_t side, toc_str header, ing_place *place)
{
    const ing_link *l = &load->links[side];
    const tab_column **theirs;
    bool found = false;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->n_sides, sizeof *theirs, &theirs));
    for (size_t k = 0; k < l->n_sides; k++)
        if ((theirs[k] = ing_side_column(l->sides[k], header))) found = true;
    if (found) *place = (ing_place){ .at = SIZE_MAX, .side = side, .theirs = theirs };
    return TOC_OK;
}

/* One header: in the record, else in a side; header@map only in the side of that map. */
static toc_status find_place(toc_ctx *ctx, const ing_load *load, toc_str header, const toc_str *folded, size_t n, ing_place *place)
{
    const char *mark = header.n ? memchr(header.p + 1, '@', header.n - 1) : NULL;
    toc_str name = { header.p, mark ? (size_t)(mark - header.p) : header.n };

    *place = (ing_place){ .at = SIZE_MAX };
    for (size_t k = 0; k < load->n_links && mark && !place->theirs; k++)
        if (toc_str_is((toc_str){ mark + 1, header.n - name.n - 1 }, load->links[k].join->map)) TOC_TRY(find_in_sides(ctx, load, k, name, place));
    for (size_t i = 0; i < n && !place->theirs; i++) {
        if (!toc_str_eq(folded[i], header)) continue;
        place->at = i;
        return TOC_OK;
    }
    for (size_t k = 0; k < load->n_links && !place->theirs; k++) TOC_TRY(find_in_sides(ctx, load, k, header, place));
    return TOC_OK;
}

toc_status ing_find_places(toc_ctx *ctx, const ing_load *load, const char *header, const toc_str *folded, size_t n, ing_place *places, size_t *n_places)
{
    toc_str rest = toc_str_of(header), piece;
    size_t found = 0;

    *n_places = 0;
    while (toc_str_split(&rest, ING_PLUS, &piece)) {
        TOC_TRY(find_place(ctx, load, piece, folded, n, &places[found]));
        if (places[found].at == SIZE_MAX && !places[found].theirs) return TOC_OK;
        found++;
    }
    *n_places = found;
    return TOC_OK;
}

/* Whether a map joins files of another. */
static bool joins_map(const ing_map *map, const char *name)
{
    for (size_t k = 0; k < map->n_joins; k++)
        if (strcmp(map->joins[k].map, name) == 0) return true;
    return false;
}

static void add_bound(ing_load *load, const ing_bound *b)
{
    int column = shop_column_of(load->map->kind, toc_str_of(b->field->column));

    TOC_ASSERT(column >= 0);
    ing_bound *bound = &load->bound[load->n_bound];
    *bound = *b;
    bound->column = (size_t)column;
    bound->direct = b->n_places == 1 && b->places[0].at != SIZE_MAX && b->field->how != ING_CONST && !b->field->split && !b->field->part &&
                    !b->field->not && !(b->field->flags & ING_SHARE) && !load->map->n_empty;
    if (load->currency_at == SIZE_MAX && strcmp(b->field->column, "currency") == 0) load->currency_at = load->n_bound;
    load->n_bound++;
}

/* header@map: one in each join of that map, the first of them first. */
static toc_status bind_side_field(toc_ctx *ctx, ing_load *load, const ing_field *field, const char *mark)
{
    for (size_t k = 0; k < load->n_links; k++) {
        ing_bound b = { .field = field, .date_order = TOC_DATE_YMD, .n_places = 1 };
        if (strcmp(mark + 1, load->links[k].join->map) != 0) continue;
        TOC_TRY(find_in_sides(ctx, load, k, (toc_str){ field->header, (size_t)(mark - field->header) }, &b.places[0]));
        if (b.places[0].theirs) add_bound(load, &b);
    }
    return TOC_OK;
}

/* The columns that a field means: one, or one for each number there is, or for each join it may come from. */
static toc_status bind_field(toc_ctx *ctx, ing_load *load, const ing_field *field, const toc_str *folded, size_t n)
{
    ing_bound b = { .field = field, .date_order = TOC_DATE_YMD };
    const char *mark = field->how == ING_CONST || strchr(field->header, ING_PLUS) ? NULL : strrchr(field->header, '@');

    if (mark && joins_map(load->map, mark + 1)) return bind_side_field(ctx, load, field, mark);
    if (field->how == ING_CONST) add_bound(load, &b);
    else if (strstr(field->header, ING_NUMBER)) {
        b.n_places = 1;
        for (size_t i = 0; i < n; i++) {
            b.places[0] = (ing_place){ .at = i };
            if (ing_header_number(field->header, folded[i], &b.group)) add_bound(load, &b);
        }
    } else {
        TOC_TRY(ing_find_places(ctx, load, field->header, folded, n, b.places, &b.n_places));
        if (b.n_places && !(field->flags & ING_OWN && b.places[0].theirs)) add_bound(load, &b);
    }
    return TOC_OK;
}

/* How many bound fields there may be. */
static size_t count_fields(const ing_map *map, size_t n_header)
{
    size_t n = map->n_fields;

    for (size_t k = 0; k < map->n_fields; k++) {
        if (strstr(map->fields[k].header, ING_NUMBER)) n += n_header;
        if (strchr(map->fields[k].header, '@')) n += map->n_joins;
    }
    return n;
}

/* Finds the columns that the map's fields mean. */
toc_status ing_load_bind(toc_ctx *ctx, ing_load *load, const toc_str *folded, size_t n)
{
    const ing_map *map = load->map;

    load->currency_at = load->carry_key = SIZE_MAX;
    for (size_t k = 0; k < load->n_links; k++) {
        ing_link *l = &load->links[k];
        l->row = l->found = SIZE_MAX;
        TOC_TRY(ing_find_places(ctx, load, l->join->our_key, folded, n, l->key, &l->n_key));
    }
    for (size_t i = 0; map->carry_key && i < n; i++)
        if (toc_str_is(folded[i], map->carry_key)) load->carry_key = i;
    TOC_TRY(toc_alloc(ctx, count_fields(map, n), sizeof *load->bound, &load->bound));
    for (size_t k = 0; k < map->n_fields; k++) TOC_TRY(bind_field(ctx, load, &map->fields[k], folded, n));
    TOC_TRY(toc_alloc(ctx, map->n_refusals, sizeof *load->refused_by, &load->refused_by));
    for (size_t k = 0; k < map->n_refusals; k++) TOC_TRY(find_place(ctx, load, toc_str_of(map->refusals[k].header), folded, n, &load->refused_by[k]));
    return ing_lines_bind(ctx, load);
}

/* The column of the file that a canonical one was read from in a record: the first with a text, else the first; the canonical name where none is
 * in the file itself. */
static toc_str column_of_file(const ing_load *load, const rd_batch *batch, const rd_record *record, const char *canonical)
{
    size_t n;
    const toc_str *header = rd_header(load->reader, &n);
    toc_str found = toc_str_of(canonical);
    bool any = false;

    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        if (b->n_places != 1 || b->places[0].at == SIZE_MAX || (b->group && b->group != load->lines.number)) continue;
        if (strcmp(b->field->column, canonical) != 0) continue;
        if (!any) found = header[b->places[0].at];
        any = true;
        if (toc_str_trim(rd_field(batch, record, b->places[0].at)).n) return header[b->places[0].at];
    }
    return found;
}

toc_status ing_refuse(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, const ing_reject *reject)
{
    load->summary->rejected++;
    load->summary->damaged_ids += strcmp(reject->code, "damaged_id") == 0;
    if (record->fault && record->fault != RD_COLUMNS) {
        load->summary->damaged++;
        if (!load->summary->first_damage)
            TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &load->summary->first_damage, "%s:%zu: %s", rd_path(load->reader), rd_line(batch, record),
                                     reject->message));
    }
    if (!load->options || !load->options->rejects) return TOC_OK;
    toc_str raw, column = column_of_file(load, batch, record, reject->column);
    const char *message;
    if (!load->masking) return rd_reject(ctx, load->options->rejects, load->reader, batch, record, column, reject->code, reject->message);
    TOC_TRY(ing_mask_record(ctx, load, batch, record, &raw));
    TOC_TRY(ing_mask_message(ctx, load, reject, &message));
    rd_reject_text(load->options->rejects, load->reader, batch, record, column, reject->code, message, raw);
    return TOC_OK;
}

toc_status ing_leave_out(toc_ctx *ctx, const ing_load *load, const rd_batch *batch, const rd_record *record)
{
    char why[160];

    if (!load->options || !load->options->rejects) return TOC_OK;
    rd_fault_text(load->reader, batch, record, why);
    if (load->masking) {
        rd_reject_text(load->options->rejects, load->reader, batch, record, (toc_str){ "", 0 }, rd_fault_code(record->fault), why, TOC_STR(ING_HIDDEN));
        return TOC_OK;
    }
    return rd_reject(ctx, load->options->rejects, load->reader, batch, record, (toc_str){ "", 0 }, rd_fault_code(record->fault), why);
}

/* Rows without a currency say nothing. */
void ing_count_currency(ing_load *load, uint32_t code, int sign)
{
    ing_summary *s = load->summary;
    size_t k = 0;

    if (!code) return;
    while (k < s->n_currencies && load->paid_in[k] != code) k++;
    if (k == ING_MAX_CURRENCIES) k--;
    else if (k == s->n_currencies) {
        load->paid_in[k] = code;
        s->currencies[s->n_currencies++].rows = 0;
    }
    s->currencies[k].rows += (size_t)sign;
}

void ing_count(ing_load *load, size_t row, int sign)
{
    load->summary->accepted += (size_t)sign;
    if (load->map->kind == SHOP_PAYMENTS) ing_count_currency(load, load->shop->payments.currency[row], sign);
    if (load->map->kind != SHOP_ORDERS) return;
    if (load->shop->orders.quantity[row] < 0) load->summary->returns += (size_t)sign;
    ing_count_currency(load, load->shop->orders.currency[row], sign);
}

/* A file that is only a side of another: which of its rows were used. */
static toc_status account_side(toc_ctx *ctx, ing_load *load, const rd_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const rd_record *r = &batch->records[i];
        ing_reject reject = {0};
        char why[160];
        toc_str key = { "", 0 };
        if (r->fault == RD_TRAILER) {
            TOC_TRY(ing_leave_out(ctx, load, batch, r));
            continue;
        }
        if (!r->fault) TOC_TRY(ing_text_at(ctx, load, load->self_key, load->n_self_key, batch, r, &key));
        key = ing_clean_id(key);
        size_t row = load->self ? ing_side_find(load->self, key) : SIZE_MAX;
        load->summary->rows++;
        if (r->fault) ING_REJECT(&reject, rd_fault_code(r->fault), "", "%s", rd_fault_text(load->reader, batch, r, why));
        else if (!load->self) ING_REJECT(&reject, "not_needed", "", "the files read with this one hold what it says");
        else if (ing_damaged_id(key))
            ING_REJECT(&reject, "damaged_id", "", "%.*s is a rounded number, the id is lost", (int)TOC_MIN(key.n, (size_t)40), key.p);
        else if (row == SIZE_MAX || !load->self->used[row]) ING_REJECT(&reject, "no_items", "", "no accepted line in the other file belongs to it");
        if (reject.code) TOC_TRY(ing_refuse(ctx, load, batch, r, &reject));
        else load->summary->accepted++;
    }
    return TOC_OK;
}

void ing_find_cells(ing_load *load)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);

    TOC_ASSERT(schema->n_columns <= ING_MAX_COLUMNS);
    load->n_columns = schema->n_columns;
    load->n_required = load->n_times = 0;
    for (size_t j = 0; j < schema->n_columns; j++) {
        bool code = schema->columns[j].type == SHOP_T_CODE;
        load->cells[j].codes = code ? shop_codes(load->shop, load->map->kind, j) : NULL;
        load->cells[j].ints = code ? NULL : shop_ints(load->shop, load->map->kind, j);
        load->past[j] = shop_tells_past(load->map->kind, j);
        if (schema->columns[j].required) load->required[load->n_required++] = j;
        if (schema->columns[j].type == SHOP_T_TIME) load->times[load->n_times++] = j;
    }
}

void ing_move_row(ing_load *load, size_t from, size_t to)
{
    int64_t *number = shop_row_numbers(load->shop, load->map->kind);

    number[to] = number[from];
    for (size_t j = 0; j < load->n_columns; j++) {
        if (load->cells[j].codes) load->cells[j].codes[to] = load->cells[j].codes[from];
        else load->cells[j].ints[to] = load->cells[j].ints[from];
    }
}

/* How many rows a batch may become. */
static toc_status count_lines(toc_ctx *ctx, ing_load *load, const rd_batch *batch, size_t *n)
{
    *n = batch->n;
    for (size_t i = 0; i < batch->n && load->lines.several; i++) {
        size_t k;
        TOC_TRY(ing_lines_count(ctx, load, batch, &batch->records[i], &k));
        *n += k - 1;
    }
    return TOC_OK;
}

/* The current line of a record into row *row, which moves on where the line is accepted. */
static toc_status take_line(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *r, size_t *row)
{
    ing_reject reject = {0};
    bool duplicate = false;
    uint64_t line = 0;
    char why[160];

    load->summary->rows++;
    if (r->fault) ING_REJECT(&reject, rd_fault_code(r->fault), "", "%s", rd_fault_text(load->reader, batch, r, why));
    else TOC_TRY(ing_convert(ctx, load, batch, r, *row, &line, &reject));
    if (reject.code) TOC_TRY(ing_refuse(ctx, load, batch, r, &reject));
    else TOC_TRY(ing_seen(ctx, load, *row, line, &duplicate));
    load->summary->duplicate += duplicate;
    if (reject.code || duplicate) {
        ing_blank_row(load, *row);
        return TOC_OK;
    }
    ing_count(load, *row, 1);
    shop_row_numbers(load->shop, load->map->kind)[(*row)++] = (int64_t)load->n_records;
    return TOC_OK;
}

bool ing_is_blank(const rd_batch *batch, const rd_record *r)
{
    for (size_t j = 0; j < r->n; j++)
        if (toc_str_trim(rd_field(batch, r, j)).n) return false;
    return !r->fault;
}

static toc_status take_batch(toc_ctx *ctx, ing_load *load, const rd_batch *batch)
{
    shop_kind kind = load->map->kind;
    size_t first = 0, row, n;

    if (load->options && load->options->report) TOC_TRY(ing_profile_batches(ctx, load, &(rd_ready){ .batch = batch }, 1));
    if (load->only_side) return account_side(ctx, load, batch);
    TOC_TRY(count_lines(ctx, load, batch, &n));
    TOC_TRY(shop_add_rows(ctx, load->shop, kind, n, &first));
    ing_find_cells(load);
    row = first;
    for (size_t i = 0; i < batch->n; i++) {
        const rd_record *r = &batch->records[i];
        load->n_records++;
        if (r->fault == RD_TRAILER) {
            TOC_TRY(ing_leave_out(ctx, load, batch, r));
            continue;
        }
        if (ing_is_blank(batch, r)) continue;
        TOC_TRY(ing_lines_count(ctx, load, batch, r, &n));
        for (size_t k = 0; k < n; k++) {
            if (load->lines.several) ing_lines_choose(load, k);
            TOC_TRY(take_line(ctx, load, batch, r, &row));
        }
    }
    shop_truncate(load->shop, kind, row);
    return TOC_OK;
}

toc_status ing_load_currency(toc_ctx *ctx, ing_load *load)
{
    const char *word = load->options ? load->options->currency : NULL;
    const shop_rates *rates = load->options ? load->options->rates : NULL;

    char code[3];

    load->digits = 2;
    load->currency = load->digits_of = 0;
    load->same_currency = false; /* codes of other dictionaries mean nothing in these */
    /* with rates --currency is what to convert to, and a Taobao export stays one in yuan */
    if (!word || !*word || (rates && load->map->currency)) word = load->map->currency;
    if (rates) TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[SHOP_D_WORD], toc_str_of(shop_rates_target(rates)), &load->target));
    if (!word || strlen(word) != sizeof code) return TOC_OK;
    for (size_t i = 0; i < sizeof code; i++) code[i] = (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 32 : word[i]);
    TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[SHOP_D_WORD], (toc_str){ code, sizeof code }, &load->currency));
    load->digits_of = load->currency;
    load->digits = toc_currency_digits(toc_str_of(word));
    return TOC_OK;
}

static toc_status take_records(toc_ctx *ctx, ing_load *load)
{
    rd_batch batch = {0};
    ing_aside aside = {0};
    toc_status st;

    if ((st = rd_next(ctx, load->reader, &batch))) goto out;
    if (!batch.n) {
        st = toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", rd_path(load->reader));
        goto out;
    }
    if ((st = ing_decide(ctx, load, &batch, false, &aside))) goto out;
    if (aside.used && (st = ing_aside_next(ctx, &aside, &batch))) goto out;
    while (batch.n) {
        if ((st = take_batch(ctx, load, &batch))) goto out;
        if ((st = aside.used ? ing_aside_next(ctx, &aside, &batch) : rd_next(ctx, load->reader, &batch))) goto out;
    }
out:
    ing_aside_release(&aside);
    rd_batch_release(&batch);
    return st;
}

toc_status ing_load_file(toc_ctx *ctx, ing_load *load, const toc_str *folded, size_t n_header)
{
    load->first_row = shop_rows(load->shop, load->map->kind);
    TOC_TRY(ing_load_bind(ctx, load, folded, n_header));
    TOC_TRY(ing_load_currency(ctx, load));
    TOC_TRY(take_records(ctx, load));
    if (ing_wants_outliers(load)) TOC_TRY(ing_find_outliers_of_rows(ctx, load));
    if (load->options && load->options->report) ing_profile_write(load, load->options->report);
    return ing_refuse_late(ctx, load);
}

void ing_load_release(ing_load *load)
{
    for (size_t k = 0; k < load->n_bound; k++) toc_buf_release(&load->bound[k].carried);
    toc_free(load->bound);
    toc_free(load->refused_by);
    ing_lines_release(&load->lines);
    toc_buf_release(&load->carry_text);
    toc_buf_release(&load->scratch);
    toc_buf_release(&load->joined);
    ing_seen_release(&load->seen);
    ing_profile_free(load->profile);
    ing_masking_free(load->masking);
    *load = (ing_load){0};
}
