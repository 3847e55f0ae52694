/* maps.c: which map a header belongs to. */
#include "ingest/ingest_int.h"

/* The plain form of a full-width mark in headers, or 0; *n bytes of it. */
static char plain_mark(toc_str rest, size_t *n)
{
    static const struct {
        const char *wide;
        char plain;
    } marks[] = { { "（", '(' }, { "）", ')' }, { "：", ':' }, { "，", ',' }, { "／", '/' }, { "\u3000", ' ' }, { "\u00a0", ' ' } };

    *n = 1;
    if ((unsigned char)rest.p[0] < 0x80) return rest.p[0];
    for (size_t k = 0; k < TOC_COUNT(marks); k++) {
        if (!toc_str_starts(rest, marks[k].wide)) continue;
        *n = strlen(marks[k].wide);
        return marks[k].plain;
    }
    return rest.p[0];
}

toc_status ing_fold(toc_ctx *ctx, toc_str header, toc_str *folded)
{
    char *text;
    size_t n = 0, step;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, header.n + 1, 1, &text));
    for (size_t i = 0; i < header.n; i += step) {
        char c = plain_mark((toc_str){ header.p + i, header.n - i }, &step);
        if (c == '\t' || c == '\n' || c == '\r') c = ' ';
        if (c == ' ' && (!n || text[n - 1] == ' ')) continue;
        text[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    while (n && text[n - 1] == ' ') n--;
    *folded = (toc_str){ text, n };
    return TOC_OK;
}

const ing_map *ing_map_named(const ing_book *book, toc_str name)
{
    for (size_t k = 0; k < book->n_maps; k++)
        if (book->maps[k]->source && toc_str_is(name, book->maps[k]->name)) return book->maps[k];
    return NULL;
}

static bool has_header(toc_str name, const toc_str *folded, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (toc_str_eq(folded[i], name)) return true;
    return false;
}

/* Whether one of the alternatives is there. */
static bool has_any(const char *alternatives, const toc_str *folded, size_t n)
{
    toc_str rest = toc_str_of(alternatives), piece;

    while (toc_str_split(&rest, '|', &piece))
        if (has_header(piece, folded, n)) return true;
    return false;
}

/* How well a map fits. */
typedef struct {
    const ing_map *map;
    size_t lacking, wanted; /* of the signature */
    size_t used;            /* headers that the map or its signature knows */
} fit;

/* Whether a header is one of those whose texts a field joins. */
static bool names_header(const char *field, toc_str header)
{
    toc_str rest = toc_str_of(field), piece;

    size_t number;

    if (ing_header_number(field, header, &number)) return true;
    while (toc_str_split(&rest, ING_PLUS, &piece))
        if (toc_str_eq(piece, header)) return true;
    return false;
}

static fit fit_of(const ing_map *map, const toc_str *folded, size_t n)
{
    fit f = { .map = map };

    for (size_t k = 0; map->signature[k]; k++) {
        f.wanted++;
        f.lacking += !has_any(map->signature[k], folded, n);
    }
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < map->n_fields && !known; k++)
            known = map->fields[k].how != ING_CONST && names_header(map->fields[k].header, folded[i]);
        for (size_t k = 0; map->signature[k] && !known; k++) known = has_any(map->signature[k], &folded[i], 1);
        f.used += known;
    }
    return f;
}

/* Complete before incomplete; then more headers used; then fewer lacking (as a share). The earlier map wins a tie. */
static bool better(fit a, fit b)
{
    if (!b.map) return true;
    if (!a.lacking != !b.lacking) return !a.lacking;
    if (!a.lacking) return a.used != b.used ? a.used > b.used : a.wanted > b.wanted;
    return a.lacking * b.wanted < b.lacking * a.wanted;
}

/* The map that fits best. The user's come first: where one of them is complete, no other is asked. */
static fit best_fit(const ing_book *book, const toc_str *folded, size_t n, const shop_kind *kind)
{
    fit best = {0};

    for (size_t k = 0; k < book->n_maps; k++) {
        if (k == book->n_own && best.map && !best.lacking) break;
        if (kind && book->maps[k]->kind != *kind) continue;
        fit f = fit_of(book->maps[k], folded, n);
        if (better(f, best)) best = f;
    }
    return best;
}

const ing_map *ing_fitting(const ing_book *book, const toc_str *folded, size_t n, const shop_kind *kind)
{
    fit best = best_fit(book, folded, n, kind);

    return best.map && !best.lacking ? best.map : NULL;
}

toc_status ing_unknown(toc_ctx *ctx, const ing_book *book, const char *path, const toc_str *folded, size_t n,
                       const shop_kind *kind)
{
    fit best = best_fit(book, folded, n, kind);
    toc_buf lacking = {0};
    toc_status st = TOC_OK;

    for (size_t k = 0; !st && best.map->signature[k]; k++)
        if (!has_any(best.map->signature[k], folded, n))
            st = toc_buf_printf(ctx, &lacking, "%s%s", lacking.n ? ", " : "", best.map->signature[k]);
    for (size_t i = 0; i < lacking.n; i++)
        if (lacking.p[i] == '|') lacking.p[i] = '/';
    if (!st)
        st = toc_fail(ctx, TOC_E_DATA, "%s: not recognised as an export of %s; nearest is %s, which also needs: %s; for another "
                                       "export, tocsin ingest --write-map drafts a map",
                      path, kind ? shop_schema_of(*kind)->name : "any kind", best.map->title, lacking.n ? lacking.p : "nothing");
    toc_buf_release(&lacking);
    return st;
}
