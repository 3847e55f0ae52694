/* reviewsim N [SEED] [en|zh]: N invented reviews on stdout, in English and Chinese, for the shipped encoder to learn from. Each row says one thing twice:
 * `twin` is the same meaning (thing, stars, what is good and bad about it, for whom, how many days) in other words, half of the time in the other language.
 * What reviews speak of is in tools/reviews/general.txt (anything) and things.txt (by kind of thing). Deterministic. */
#include <stdlib.h>

#include "base/base.h"

enum { MAX_KINDS = 32, MAX_ASPECTS = 600, MAX_CHOICES = 64, MAX_SAID = 9 };
typedef enum { ENGLISH, CHINESE } language;
enum { ANY, PARCEL, FIRST_KIND }; /* places of kinds in the grammar */

typedef struct {
    toc_str texts[MAX_CHOICES];
    size_t n;
} choices;

/* What can be said of one aspect in one mood, in both languages. */
typedef struct {
    toc_str name;
    char mood; /* '+', '-' or '=' */
    choices said[2];
} aspect;

typedef struct {
    choices things; /* "dress 连衣裙" */
    bool parcel;
    size_t first, n; /* its aspects */
} kind;

typedef struct {
    toc_buf text[2]; /* the two files; all slices point into them */
    kind kinds[MAX_KINDS]; /* ANY and PARCEL have no things of their own */
    size_t n_kinds;
    aspect aspects[MAX_ASPECTS];
    size_t n_aspects;
} grammar;

/* One review before it has words. */
typedef struct {
    size_t kind, thing, said[MAX_SAID], n_said;
    int stars;
    uint64_t facts; /* decides days, money, the person, the occasion: the same in every wording */
} meaning;

typedef struct {
    const char *name;
    const char *texts[2][16];
    bool fact;
} slot;

static const slot slots[] = {
    { "very", { { "very", "really", "so", "extremely", "quite", "incredibly", "super", "truly" }, { "很", "非常", "特别", "真", "太", "超", "挺", "蛮", "相当", "十分", "很", "很", "比较" } }, false },
    { "bit", { { "a little", "a bit", "slightly", "somewhat", "rather" }, { "有点", "有些", "稍微", "略" } }, false },
    { "shop", { { "the seller", "the shop", "the store", "the company" }, { "卖家", "店家", "商家" } }, false },
    { "who", { { "my mother", "my father", "my son", "my daughter", "my husband", "my wife", "a friend", "my parents", "my grandmother", "my sister", "my brother", "my boss", "a colleague",
                 "my girlfriend", "my boyfriend", "the baby" },
               { "妈妈", "爸爸", "儿子", "女儿", "老公", "老婆", "朋友", "父母", "奶奶", "姐姐", "弟弟", "领导", "同事", "女朋友", "男朋友", "宝宝" } }, true },
    { "use", { { "christmas", "the birthday", "the spring festival", "the wedding", "our holiday", "the summer", "the winter", "work", "school", "mother's day", "the party", "the new year",
                 "the office", "the trip", "autumn", "the weekend" },
               { "圣诞节", "过生日", "春节", "婚礼", "放假", "夏天", "冬天", "上班", "上学", "母亲节", "聚会", "过年", "办公室", "旅游", "秋天", "周末" } }, true },
};

static void split_choices(toc_str line, choices *into)
{
    toc_str piece;
    while (into->n < MAX_CHOICES && toc_str_split(&line, '|', &piece)) {
        piece = toc_str_trim(piece);
        if (piece.n) into->texts[into->n++] = piece;
    }
}

static toc_str first_word(toc_str *rest)
{
    toc_str word = { rest->p, 0 };
    while (word.n < rest->n && rest->p[word.n] != ' ') word.n++;
    *rest = toc_str_trim((toc_str){ rest->p + word.n, rest->n - word.n });
    return word;
}

static void read_kind(toc_str line, grammar *g)
{
    kind *k = &g->kinds[g->n_kinds++];
    toc_str piece;

    k->first = g->n_aspects;
    (void)toc_str_split(&line, ']', &piece);
    k->parcel = !toc_str_ends(piece, "no parcel");
    while (k->things.n < MAX_CHOICES && toc_str_split(&line, ';', &piece)) k->things.texts[k->things.n++] = toc_str_trim(piece);
}

static void read_aspect(toc_str line, grammar *g)
{
    aspect *a = &g->aspects[g->n_aspects++];
    a->name = first_word(&line);
    a->mood = first_word(&line).p[0];
    size_t cut = 0;
    while (cut + 1 < line.n && !(line.p[cut] == '#' && line.p[cut + 1] == '#')) cut++;
    split_choices((toc_str){ line.p, cut }, &a->said[ENGLISH]);
    if (cut + 2 < line.n) split_choices((toc_str){ line.p + cut + 2, line.n - cut - 2 }, &a->said[CHINESE]);
    else g->n_aspects--, a->said[ENGLISH].n = 0; /* said in one language only: no twin */
    g->kinds[g->n_kinds - 1].n = g->n_aspects - g->kinds[g->n_kinds - 1].first;
}

static toc_status read_grammar(toc_ctx *ctx, const char *path, toc_buf *text, grammar *g)
{
    toc_str rest, line;

    TOC_TRY(toc_read_file(ctx, path, text));
    rest = (toc_str){ text->p, text->n };
    while (toc_str_split(&rest, '\n', &line)) {
        line = toc_str_trim(line);
        if (!line.n || *line.p == '#') continue;
        if (g->n_kinds == MAX_KINDS || g->n_aspects == MAX_ASPECTS) return toc_fail(ctx, TOC_E_DATA, "%s: more kinds or aspects than reviewsim holds; raise MAX_KINDS, MAX_ASPECTS", path);
        if (*line.p == '[') read_kind(line, g);
        else read_aspect(line, g);
    }
    return TOC_OK;
}

static bool said_already(const grammar *g, const meaning *m, size_t a)
{
    for (size_t i = 0; i < m->n_said; i++)
        if (toc_str_eq(g->aspects[m->said[i]].name, g->aspects[a].name)) return true;
    return false;
}

/* An aspect of a kind in a mood that was not spoken of; false when chance finds none. */
static bool add_aspect(const grammar *g, toc_rng *rng, size_t of, char mood, meaning *m)
{
    for (int tries = 0; tries < 12 && m->n_said < MAX_SAID; tries++) {
        size_t a = g->kinds[of].first + toc_rng_below(rng, g->kinds[of].n);
        const char *name = g->aspects[a].name.p;
        bool frame = of == ANY && (!strncmp(name, "open", 4) || !strncmp(name, "close", 5));
        if (frame || g->aspects[a].mood != mood || said_already(g, m, a)) continue;
        m->said[m->n_said++] = a;
        return true;
    }
    return false;
}

static void add_frame(const grammar *g, const char *name, char mood, meaning *m)
{
    for (size_t a = 0; a < g->kinds[ANY].n; a++)
        if (toc_str_is(g->aspects[a].name, name) && g->aspects[a].mood == mood) m->said[m->n_said++] = a;
}

static char draw_mood(toc_rng *rng, int stars)
{
    static const double good[] = { 0, 0.04, 0.12, 0.4, 0.8, 0.93 }, plain[] = { 0, 0.08, 0.13, 0.3, 0.12, 0.07 };
    double u = toc_rng_unit(rng);
    return u < good[stars] ? '+' : u < good[stars] + plain[stars] ? '=' : '-';
}

static meaning draw_meaning(const grammar *g, toc_rng *rng)
{
    static const int stars_of[] = { 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5 };
    meaning m = { .kind = FIRST_KIND + toc_rng_below(rng, g->n_kinds - FIRST_KIND), .facts = toc_rng_u64(rng), .stars = stars_of[toc_rng_below(rng, 12)] };
    char mood = m.stars > 3 ? '+' : m.stars < 3 ? '-' : '=';
    size_t n = 1 + toc_rng_below(rng, 6);

    m.thing = toc_rng_below(rng, g->kinds[m.kind].things.n);
    if (toc_rng_unit(rng) < 0.45) add_frame(g, "open", mood, &m);
    for (size_t i = 0; i < n; i++) {
        char of = draw_mood(rng, m.stars);
        size_t general = g->kinds[m.kind].parcel && toc_rng_unit(rng) < 0.55 ? PARCEL : ANY;
        (void)add_aspect(g, rng, toc_rng_unit(rng) < 0.62 ? m.kind : general, of, &m);
    }
    if (toc_rng_unit(rng) < 0.35) add_frame(g, "close", mood, &m);
    if (!m.n_said) add_frame(g, "open", mood, &m);
    return m;
}

static toc_str thing_of(const grammar *g, const meaning *m, language in)
{
    toc_str both = g->kinds[m->kind].things.texts[m->thing];
    size_t cut = both.n;
    while (cut && both.p[cut - 1] != ' ') cut--;
    return in == CHINESE ? (toc_str){ both.p + cut, both.n - cut } : (toc_str){ both.p, cut ? cut - 1 : 0 };
}

static toc_status say_slot(toc_ctx *ctx, const grammar *g, const meaning *m, language in, toc_str name, toc_rng *rng, toc_buf *out)
{
    toc_str thing = thing_of(g, m, in);

    if (toc_str_is(name, "days")) return toc_buf_printf(ctx, out, "%d", (int)(2 + m->facts % 11));
    if (toc_str_is(name, "weeks")) return toc_buf_printf(ctx, out, "%d", (int)(2 + m->facts / 11 % 7));
    if (toc_str_is(name, "washes")) return toc_buf_printf(ctx, out, "%d", (int)(2 + m->facts / 77 % 9));
    if (toc_str_is(name, "money")) return toc_buf_printf(ctx, out, in == CHINESE ? "%d" : "%d dollars", (int)(5 * (1 + m->facts / 700 % 60)));
    if (toc_str_is(name, "thing")) return toc_buf_add(ctx, out, thing.p, thing.n);
    if (toc_str_is(name, "it")) {
        uint64_t how = toc_rng_below(rng, 6);
        if (how > 1) return toc_buf_str(ctx, out, "it");
        TOC_TRY(toc_buf_str(ctx, out, how ? "the " : "this "));
        return toc_buf_add(ctx, out, thing.p, thing.n);
    }
    for (size_t s = 0; s < sizeof slots / sizeof *slots; s++) {
        if (!toc_str_is(name, slots[s].name)) continue;
        size_t n = 0;
        while (n < 16 && slots[s].texts[in][n]) n++;
        return toc_buf_str(ctx, out, slots[s].texts[in][slots[s].fact ? m->facts / 42000 / (s + 1) % n : toc_rng_below(rng, n)]);
    }
    return toc_fail(ctx, TOC_E_DATA, "tools/reviews: no slot is named {%.*s}", (int)name.n, name.p);
}

/* The phrase with its slots filled. */
static toc_status say(toc_ctx *ctx, const grammar *g, const meaning *m, language in, toc_str phrase, toc_rng *rng, toc_buf *out)
{
    for (size_t i = 0; i < phrase.n; i++) {
        if (phrase.p[i] != '{') {
            TOC_TRY(toc_buf_char(ctx, out, phrase.p[i]));
            continue;
        }
        toc_str name = { phrase.p + i + 1, 0 };
        while (i + 1 + name.n < phrase.n && name.p[name.n] != '}') name.n++;
        TOC_TRY(say_slot(ctx, g, m, in, name, rng, out));
        i += name.n + 1;
    }
    return TOC_OK;
}

static const char *joint(language in, char before, char after, toc_rng *rng, bool *sentence)
{
    static const char *const commas[2][6] = { { ", ", " and ", ", ", ", and ", " - ", "; " }, { "，", "，", "，而且", "，", " ", "，还有" } };
    static const char *const turns[2][4] = { { " but ", ", but ", " although ", ". But " }, { "，但是", "，不过", "，就是", "，可是" } };
    static const char *const stops[2][4] = { { ". ", "! ", ". ", "... " }, { "。", "！", "。", "，" } };
    bool turn = (before == '+' && after == '-') || (before == '-' && after == '+');

    *sentence = !turn && toc_rng_unit(rng) < (in == CHINESE ? 0.25 : 0.55);
    if (turn && toc_rng_unit(rng) < 0.8) return turns[in][toc_rng_below(rng, 4)];
    return *sentence ? stops[in][toc_rng_below(rng, 4)] : commas[in][toc_rng_below(rng, 6)];
}

/* One wording of a meaning. Aspects between opening and closing change places. */
static toc_status word(toc_ctx *ctx, const grammar *g, meaning m, language in, toc_rng *rng, toc_buf *out)
{
    static const char *const ends[2][6] = { { ".", ".", "!", "", ".", "!!" }, { "。", "。", "！", "", "！！！", "~" } };
    bool sentence = true, capitals = toc_rng_unit(rng) < 0.85;

    toc_buf_reset(out);
    for (size_t i = 1; i + 2 < m.n_said; i++) {
        size_t j = i + toc_rng_below(rng, m.n_said - 1 - i), keep = m.said[i];
        m.said[i] = m.said[j];
        m.said[j] = keep;
    }
    for (size_t i = 0; i < m.n_said; i++) {
        const aspect *a = &g->aspects[m.said[i]];
        if (i) TOC_TRY(toc_buf_str(ctx, out, joint(in, g->aspects[m.said[i - 1]].mood, a->mood, rng, &sentence)));
        size_t from = out->n;
        TOC_TRY(say(ctx, g, &m, in, a->said[in].texts[toc_rng_below(rng, a->said[in].n)], rng, out));
        if (sentence && capitals && out->n > from && out->p[from] >= 'a' && out->p[from] <= 'z') out->p[from] = (char)(out->p[from] - 32);
    }
    return toc_buf_str(ctx, out, ends[in][toc_rng_below(rng, 6)]);
}

static toc_status write_row(toc_ctx *ctx, toc_out *out, const grammar *g, uint64_t seed, size_t i, int only, toc_buf text[2])
{
    toc_rng rng = toc_rng_new(seed, i);
    meaning m = draw_meaning(g, &rng);
    language first = only >= 0 ? (language)only : (language)toc_rng_below(&rng, 2);
    language second = only >= 0 ? first : (language)toc_rng_below(&rng, 2);
    toc_str thing = thing_of(g, &m, first);

    TOC_TRY(word(ctx, g, m, first, &rng, &text[0]));
    TOC_TRY(word(ctx, g, m, second, &rng, &text[1]));
    toc_out_printf(out, "%zu,%s,%.*s,%d,\"%s\",\"%s\"\n", i, first == CHINESE ? "zh" : "en", (int)thing.n, thing.p, m.stars, text[0].p, text[1].p);
    return TOC_OK;
}

static toc_status run(toc_ctx *ctx, size_t n, uint64_t seed, int only)
{
    static grammar g;
    toc_out out;
    toc_buf text[2] = {0};

    TOC_TRY(read_grammar(ctx, "tools/reviews/general.txt", &g.text[0], &g));
    TOC_TRY(read_grammar(ctx, "tools/reviews/things.txt", &g.text[1], &g));
    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_out_str(&out, "review_id,language,thing,rating,body,twin\n");
    for (size_t i = 0; i < n; i++) TOC_TRY(write_row(ctx, &out, &g, seed, i, only, text));
    for (int k = 0; k < 2; k++) {
        toc_buf_release(&text[k]);
        toc_buf_release(&g.text[k]);
    }
    return toc_out_close(ctx, &out);
}

int main(int argc, char **argv)
{
    toc_ctx ctx;

    toc_ctx_init(&ctx);
    if (argc < 2) {
        fprintf(stderr, "usage: reviewsim N [SEED] [en|zh]\n");
        return 2;
    }
    int only = argc < 4 ? -1 : !strcmp(argv[3], "zh") ? CHINESE : ENGLISH;
    if (!run(&ctx, strtoull(argv[1], NULL, 10), argc > 2 ? strtoull(argv[2], NULL, 10) : 1, only)) return 0;
    fprintf(stderr, "reviewsim: %s\n", ctx.message);
    return 1;
}
