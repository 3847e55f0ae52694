/* mapped.c: a safetensors file mapped for a look at its tensors: what heads and checks read beside what enc_open keeps. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encoder/enc_int.h"

toc_status enc_mapped_open(toc_ctx *ctx, const char *path, enc_mapped *file)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    toc_status st = TOC_OK;

    *file = (enc_mapped){0};
    if (fd < 0) return toc_fail_errno(ctx, errno == ENOENT ? TOC_E_USAGE : TOC_E_IO, errno, "%s", path);
    if (fstat(fd, &info) != 0) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s", path);
    else if (!S_ISREG(info.st_mode) || info.st_size < 8) st = toc_fail(ctx, TOC_E_DATA, "%s: no safetensors file", path);
    else {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be mapped", path);
        else *file = (enc_mapped){ .map = map, .size = (size_t)info.st_size };
    }
    close(fd);
    if (!st) st = enc_tensors_parse(ctx, (toc_str){ file->map, file->size }, path, &file->tensors);
    if (st) enc_mapped_close(file);
    return st;
}

void enc_mapped_close(enc_mapped *file)
{
    enc_tensors_release(&file->tensors);
    if (file->map) munmap(file->map, file->size);
    *file = (enc_mapped){0};
}
