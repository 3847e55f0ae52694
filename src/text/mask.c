/* mask.c: the key file, and pseudonyms by keyed hash.
 *
 * The hash is of "kind letter, NUL, folded value", so that a telephone number and a card of the same digits have nothing in common. The keyed state is
 * made once; each value costs two blocks of SHA-256. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/text.h"

enum { MIN_KEY = 32 };

static const char letters[TXT_N_KINDS] = {
    [TXT_EMAIL] = 'e', [TXT_PHONE] = 'p', [TXT_ADDRESS] = 'a', [TXT_PAYMENT] = 'k', [TXT_NAME] = 'n', [TXT_DEVICE] = 'd', [TXT_IP] = 'i',
    [TXT_POSTCODE] = 'z', [TXT_RESIDENT] = 'r',
};

struct txt_mask {
    crypto_auth_hmacsha256_state keyed;
};

toc_status txt_mask_new(toc_ctx *ctx, toc_str key, txt_mask **mask)
{
    txt_mask *m;

    if (sodium_init() < 0) return toc_fail(ctx, TOC_E_BUG, "libsodium does not start");
    TOC_TRY(toc_alloc(ctx, 1, sizeof *m, &m));
    crypto_auth_hmacsha256_init(&m->keyed, (const unsigned char *)key.p, key.n);
    *mask = m;
    return TOC_OK;
}

/* What makes the file unfit, or OK. */
static toc_status check_file(toc_ctx *ctx, const char *path, const struct stat *status)
{
    if (!S_ISREG(status->st_mode)) return toc_fail(ctx, TOC_E_USAGE, "%s: the key must be in a regular file", path);
    if (status->st_mode & (S_IRWXG | S_IRWXO))
        return toc_fail(ctx, TOC_E_USAGE, "%s: the key can be reached by others (mode %04o): chmod 600 %s", path, (unsigned)status->st_mode & 07777U, path);
    if (status->st_size < MIN_KEY)
        return toc_fail(ctx, TOC_E_USAGE, "%s: a key has at least %d bytes, this one %lld: head -c 32 /dev/urandom makes one", path, MIN_KEY,
                        (long long)status->st_size);
    return TOC_OK;
}

static toc_status read_key(toc_ctx *ctx, const char *path, int fd, size_t n, toc_buf *key)
{
    char bytes[4096];

    while (key->n < n) {
        ssize_t got = read(fd, bytes, TOC_MIN(n - key->n, sizeof bytes));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s", path);
        if (got == 0) return toc_fail(ctx, TOC_E_IO, "%s: ends while it is read", path);
        toc_status st = toc_buf_add(ctx, key, bytes, (size_t)got);
        sodium_memzero(bytes, sizeof bytes);
        if (st) return st;
    }
    return TOC_OK;
}

toc_status txt_mask_open(toc_ctx *ctx, const char *path, txt_mask **mask)
{
    struct stat status;
    toc_buf key = {0};
    toc_status st = TOC_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make us wait before it is refused */

    if (fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s", path);
    if (fstat(fd, &status)) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s", path);
    if (!st) st = check_file(ctx, path, &status);
    if (!st) st = read_key(ctx, path, fd, (size_t)status.st_size, &key);
    (void)close(fd);
    if (!st) st = txt_mask_new(ctx, (toc_str){ key.p, key.n }, mask);
    if (key.p) sodium_memzero(key.p, key.cap);
    toc_buf_release(&key);
    return st;
}

void txt_mask_free(txt_mask *mask)
{
    if (mask) sodium_memzero(mask, sizeof *mask);
    toc_free(mask);
}

void txt_mask_hmac(const txt_mask *mask, const toc_str *parts, size_t n, uint8_t digest[32])
{
    crypto_auth_hmacsha256_state state = mask->keyed;

    for (size_t k = 0; k < n; k++) crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[k].p, parts[k].n);
    crypto_auth_hmacsha256_final(&state, digest);
    sodium_memzero(&state, sizeof state);
}

bool txt_is_pseudonym(toc_str text)
{
    if (text.n != TXT_PSEUDONYM || text.p[1] != '_' || !memchr(letters, text.p[0], sizeof letters)) return false;
    for (size_t i = 2; i < text.n; i++)
        if (!(text.p[i] >= '0' && text.p[i] <= '9') && !(text.p[i] >= 'a' && text.p[i] <= 'f')) return false;
    return true;
}

toc_status txt_mask_value(toc_ctx *ctx, const txt_mask *mask, txt_kind kind, toc_str value, toc_str country, txt_room *room,
                          char pseudonym[TXT_PSEUDONYM + 1])
{
    uint8_t digest[32];

    pseudonym[0] = 0;
    value = toc_str_trim(value);
    if (txt_is_pseudonym(value)) {
        memcpy(pseudonym, value.p, value.n);
        pseudonym[value.n] = 0;
        return TOC_OK;
    }
    if (kind == TXT_PAYMENT) { /* accounts of Alipay and PayPal; 12 digits and more are cards */
        txt_kind account = txt_kind_of_id(value);
        if (account == TXT_EMAIL || (account == TXT_PHONE && value.n <= 11)) kind = account;
    }
    toc_buf_reset(&room->folded);
    TOC_TRY(txt_fold(ctx, kind, value, country, room, &room->folded));
    toc_str folded = { room->folded.p, room->folded.n };
    if (!folded.n) folded = value; /* nothing but punctuation */
    if (!folded.n) return TOC_OK;
    const toc_str parts[] = { { (const char[]){ letters[kind], 0 }, 2 }, folded };
    txt_mask_hmac(mask, parts, TOC_COUNT(parts), digest);
    pseudonym[0] = letters[kind];
    pseudonym[1] = '_';
    sodium_bin2hex(pseudonym + 2, TXT_PSEUDONYM - 1, digest, (TXT_PSEUDONYM - 2) / 2);
    return TOC_OK;
}
