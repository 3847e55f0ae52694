/* weights.c: the weights of a folder, mapped: model.safetensors, or the shards that model.safetensors.index.json names. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encoder/enc_int.h"

enum { MOST_SHARDS = 4096 };

static toc_status map_file(toc_ctx *ctx, enc_file *file)
{
    struct stat info;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    toc_status st = TOC_OK;

    if (fd < 0 && errno == ENOENT) return toc_fail(ctx, TOC_E_USAGE, "no model: %s is not there; run tools/get-model, or name one with --model", file->path);
    if (fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s", file->path);
    if (fstat(fd, &info) != 0) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s", file->path);
    else if (!S_ISREG(info.st_mode) || info.st_size < 8) st = toc_fail(ctx, TOC_E_DATA, "%s: no safetensors file", file->path);
    else {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be mapped", file->path);
        else {
            file->map = map;
            file->size = (size_t)info.st_size;
            enc_file_identity(&info, file->identity);
        }
    }
    close(fd);
    return st ? st : enc_tensors_parse(ctx, (toc_str){ file->map, file->size }, file->path, &file->tensors);
}

/* The tensors of all files in one list; the same name twice is refused. */
static toc_status gather(toc_ctx *ctx, enc_weights *w)
{
    size_t n = 0;
    toc_pool names = {0};
    uint32_t code;
    toc_status st = TOC_OK;

    for (size_t i = 0; i < w->n_files; i++) n += w->files[i].tensors.n;
    TOC_TRY(toc_alloc(ctx, n, sizeof *w->tensors.tensors, &w->tensors.tensors));
    for (size_t i = 0; i < w->n_files && !st; i++)
        for (size_t k = 0; k < w->files[i].tensors.n && !st; k++) {
            const enc_tensor *t = &w->files[i].tensors.tensors[k];
            w->tensors.tensors[w->tensors.n++] = *t;
            if (toc_pool_find(&names, toc_str_of(t->name), &code)) st = toc_fail(ctx, TOC_E_DATA, "%s: tensor %.200s is in another file too", w->files[i].path, t->name);
            else st = toc_pool_intern(ctx, &names, toc_str_of(t->name), &code);
        }
    toc_pool_release(&names);
    return st;
}

/* A shard lies beside the index: anything else could be any file of the machine. */
static bool is_plain_name(const char *name)
{
    return name && *name && *name != '.' && !strchr(name, '/') && strlen(name) < 256;
}

/* Opens the shard unless it is open already. */
static toc_status open_shard(toc_ctx *ctx, const char *folder, const char *name, enc_weights *w, enc_file **file)
{
    const char *path;

    TOC_TRY(toc_arena_printf(ctx, &w->arena, &path, "%s/%s", folder, name));
    for (size_t i = 0; i < w->n_files; i++)
        if (strcmp(w->files[i].path, path) == 0) {
            *file = &w->files[i];
            return TOC_OK;
        }
    if (w->n_files == MOST_SHARDS) return toc_fail(ctx, TOC_E_DATA, "%s: more than %d files", w->path, MOST_SHARDS);
    *file = &w->files[w->n_files];
    (*file)->path = path;
    if (access(path, F_OK) != 0) return toc_fail(ctx, TOC_E_DATA, "%s: the file %s that it names is not there", w->path, name);
    w->n_files++;
    return map_file(ctx, *file);
}

static toc_status open_shards(toc_ctx *ctx, const char *folder, const json_t *map, enc_weights *w)
{
    const char *tensor;
    json_t *value;
    size_t n = 0;
    enc_file *file = NULL;

    TOC_TRY(toc_arena_alloc(ctx, &w->arena, MOST_SHARDS, sizeof *w->files, &w->files));
    json_object_foreach((json_t *)(uintptr_t)map, tensor, value) {
        const char *name = json_string_value(value);
        if (!is_plain_name(name)) return toc_fail(ctx, TOC_E_DATA, "%s: tensor %.200s: \"%.80s\" is no name of a file beside it", w->path, tensor, name ? name : "");
        TOC_TRY(open_shard(ctx, folder, name, w, &file));
        if (!enc_tensors_find(&file->tensors, "", tensor)) return toc_fail(ctx, TOC_E_DATA, "%s: there is no tensor %.200s, but %s says so", file->path, tensor, w->path);
        n++;
    }
    for (size_t i = 0; i < w->n_files; i++) n -= TOC_MIN(n, w->files[i].tensors.n);
    return n ? toc_fail(ctx, TOC_E_DATA, "%s: names of tensors that are not there", w->path) : TOC_OK;
}

static toc_status read_index(toc_ctx *ctx, const char *folder, enc_weights *w)
{
    toc_buf text = {0};
    json_error_t error;

    TOC_TRY(toc_read_file(ctx, w->path, &text));
    json_t *index = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error), *map = json_object_get(index, "weight_map");
    toc_buf_release(&text);
    toc_status st = json_object_size(map) ? open_shards(ctx, folder, map, w) : toc_fail(ctx, TOC_E_DATA, "%s: no weight_map, an object of tensors and their files", w->path);
    json_decref(index);
    return st;
}

static toc_status open_files(toc_ctx *ctx, const char *folder, enc_weights *w)
{
    const char *single, *index;

    TOC_TRY(toc_arena_printf(ctx, &w->arena, &single, "%s/model.safetensors", folder));
    TOC_TRY(toc_arena_printf(ctx, &w->arena, &index, "%s/model.safetensors.index.json", folder));
    w->path = access(single, F_OK) != 0 && access(index, F_OK) == 0 ? index : single;
    if (w->path == index) return read_index(ctx, folder, w);
    TOC_TRY(toc_arena_alloc(ctx, &w->arena, 1, sizeof *w->files, &w->files));
    w->files[0].path = single;
    w->n_files = 1;
    return map_file(ctx, &w->files[0]);
}

toc_status enc_weights_open(toc_ctx *ctx, const char *folder, enc_weights *w)
{
    *w = (enc_weights){0};
    toc_status st = open_files(ctx, folder, w);
    if (!st) st = gather(ctx, w);
    if (st) enc_weights_close(w);
    return st;
}

void enc_weights_close(enc_weights *w)
{
    for (size_t i = 0; i < w->n_files; i++) {
        enc_tensors_release(&w->files[i].tensors);
        if (w->files[i].map) munmap(w->files[i].map, w->files[i].size);
    }
    toc_free(w->tensors.tensors);
    toc_arena_release(&w->arena);
    *w = (enc_weights){0};
}

bool enc_weights_present(toc_ctx *ctx, const char *folder)
{
    static const char *const names[] = { "model.safetensors", "model.safetensors.index.json" };
    const char *path;

    for (size_t i = 0; i < TOC_COUNT(names); i++)
        if (!toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s", folder, names[i]) && access(path, R_OK) == 0) return true;
    return false;
}

size_t enc_weights_bytes(const enc_weights *w)
{
    size_t bytes = 0;

    for (size_t i = 0; i < w->n_files; i++) bytes += w->files[i].size;
    return bytes;
}

uint64_t enc_weights_hash(const enc_weights *w)
{
    uint64_t hash = w->n_files ? enc_file_hash(w->files[0].path, w->files[0].identity, (toc_str){ w->files[0].map, w->files[0].size }) : 0;

    for (size_t i = 1; i < w->n_files; i++) hash = toc_mix(hash) ^ enc_file_hash(w->files[i].path, w->files[i].identity, (toc_str){ w->files[i].map, w->files[i].size });
    return hash;
}
