/* cache.c: vectors of texts that were met before, in the store or in this run, and the hash of a model's file.
 *
 * The store's keys are the hash of a text and a hash of model and options, which for the model's own options is enc_model_hash: so vectors of `encode` and
 * of the nightly walk are the same rows. What a run without a store has met lies in a spool, found by a map; when it is full, both begin anew. */
#include <stdlib.h>
#include <unistd.h>

#include "encoder/enc_int.h"

enum { MOST_MET = 1 << 18, IN_MEMORY = 16 << 20 };

struct enc_cache {
    enc_model *model;
    enc_options options;
    sto_store *store;
    bool keeps;        /* new vectors go to the store */
    uint64_t key;      /* of model and options */
    toc_map met;       /* hash of a text -> its place in the spool */
    toc_spool spool;
    uint64_t *hashes;  /* of the texts at hand */
    bool *known;
    size_t cap_hashes, cap_known;
};

uint64_t enc_vectors_hash(enc_model *model, const enc_options *options)
{
    const uint64_t limit = enc_limit(model, options), pool = enc_pooling(model, options), hash = enc_model_hash(model);
    const bool raw = options && options->raw, chunks = options && options->chunks;

    if (limit == enc_limit(model, NULL) && pool == enc_pooling(model, NULL) && !raw && !chunks) return hash;
    return toc_mix(toc_mix(toc_mix(hash ^ limit) ^ pool) ^ (uint64_t)(1 + raw + 2 * chunks));
}

toc_status enc_cache_new(toc_ctx *ctx, enc_model *model, const enc_options *options, sto_store *store, bool keeps, enc_cache **cache)
{
    enc_cache *c = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *c, &c));
    *c = (enc_cache){ .model = model, .options = options ? *options : (enc_options){0}, .store = store, .keeps = store && keeps };
    if (store) c->key = enc_vectors_hash(model, options);
    toc_spool_init(&c->spool, IN_MEMORY);
    *cache = c;
    return TOC_OK;
}

void enc_cache_free(enc_cache *c)
{
    if (!c) return;
    toc_map_release(&c->met);
    toc_spool_release(&c->spool);
    toc_free(c->hashes);
    toc_free(c->known);
    toc_free(c);
}

static toc_status find(toc_ctx *ctx, enc_cache *c, uint64_t hash, float *vector, bool *known, enc_stats *stats)
{
    const size_t dim = enc_dim_of(c->model, c->options.pool);
    const uint64_t *place = toc_map_find(&c->met, hash);

    *known = place != NULL;
    if (place) return toc_spool_read(ctx, &c->spool, *place, vector, dim * sizeof *vector);
    if (!c->store) return TOC_OK;
    TOC_TRY(sto_vector_get(ctx, c->store, c->key, hash, dim, vector, known));
    stats->stored += *known;
    return TOC_OK;
}

static toc_status keep(toc_ctx *ctx, enc_cache *c, uint64_t hash, const float *vector)
{
    const size_t size = enc_dim_of(c->model, c->options.pool) * sizeof *vector;
    uint64_t *place;
    bool fresh;

    if (c->keeps) return sto_vector_put(ctx, c->store, c->key, hash, enc_dim_of(c->model, c->options.pool), vector);
    if (c->met.n >= MOST_MET) {
        toc_map_release(&c->met);
        toc_spool_release(&c->spool);
    }
    TOC_TRY(toc_map_at(ctx, &c->met, hash, &place, &fresh));
    if (!fresh) return TOC_OK; /* twice among the texts at hand */
    *place = toc_spool_size(&c->spool);
    return toc_spool_add(ctx, &c->spool, vector, size);
}

toc_status enc_cache_encode(toc_ctx *ctx, enc_cache *c, const toc_str *texts, size_t n, float *vectors, enc_stats *stats)
{
    const size_t dim = enc_dim_of(c->model, c->options.pool);
    enc_options options = c->options;

    TOC_TRY(toc_grow(ctx, &c->hashes, &c->cap_hashes, n, sizeof *c->hashes));
    TOC_TRY(toc_grow(ctx, &c->known, &c->cap_known, n, sizeof *c->known));
    for (size_t i = 0; i < n; i++) {
        c->hashes[i] = toc_str_hash(texts[i]);
        TOC_TRY(find(ctx, c, c->hashes[i], vectors + i * dim, &c->known[i], stats));
    }
    options.known = c->known;
    TOC_TRY(enc_encode(ctx, c->model, texts, n, &options, vectors, stats));
    for (size_t i = 0; i < n; i++)
        if (!c->known[i]) TOC_TRY(keep(ctx, c, c->hashes[i], vectors + i * dim));
    return TOC_OK;
}

/* ---- the hash of a file, kept beside it ---- */

void enc_file_identity(const struct stat *info, char identity[ENC_IDENTITY])
{
    snprintf(identity, ENC_IDENTITY, "tocsin 1 %lld %lld.%09ld %lld.%09ld %llu ", (long long)info->st_size, (long long)info->st_mtim.tv_sec,
             info->st_mtim.tv_nsec, (long long)info->st_ctim.tv_sec, info->st_ctim.tv_nsec, (unsigned long long)info->st_ino);
}

static bool read_kept(const char *name, const char *identity, uint64_t *hash)
{
    char line[ENC_IDENTITY + 32];
    size_t n = strlen(identity);
    FILE *file = fopen(name, "r");

    if (!file) return false;
    bool found = fgets(line, sizeof line, file) && strncmp(line, identity, n) == 0 && strspn(line + n, "0123456789abcdef") == 16 && line[n + 16] == '\n';
    if (found) *hash = strtoull(line + n, NULL, 16);
    fclose(file);
    return found;
}

/* Where it cannot be written, the file is read again next time: no word is lost about it. */
static void write_kept(const char *name, const char *identity, uint64_t hash)
{
    char beside[4200];

    if (snprintf(beside, sizeof beside, "%s.%ld.tmp", name, (long)getpid()) >= (int)sizeof beside) return;
    FILE *file = fopen(beside, "wx");
    if (!file) return;
    bool good = fprintf(file, "%s%016llx\n", identity, (unsigned long long)hash) > 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(beside, name) != 0) unlink(beside);
}

uint64_t enc_file_hash(const char *path, const char *identity, toc_str bytes)
{
    char name[4150];
    uint64_t hash;
    bool fits = snprintf(name, sizeof name, "%s.hash", path) < (int)sizeof name;

    if (fits && read_kept(name, identity, &hash)) return hash;
    hash = toc_str_hash(bytes);
    if (fits) write_kept(name, identity, hash);
    return hash;
}
