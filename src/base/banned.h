/* banned.h: functions that hide errors, overflow buffers or depend on the locale do not compile. */
#ifndef TOC_BANNED_H
#define TOC_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef gets
#undef atoi
#undef atol
#undef atof
#undef gmtime
#undef localtime
#undef ctime
#undef asctime
#undef setlocale

#define strcpy(...) toc_banned_strcpy_use_memcpy
#define strcat(...) toc_banned_strcat_use_toc_buf
#define strncpy(...) toc_banned_strncpy_use_memcpy
#define strncat(...) toc_banned_strncat_use_toc_buf
#define sprintf(...) toc_banned_sprintf_use_snprintf
#define vsprintf(...) toc_banned_vsprintf_use_vsnprintf
#define strtok(...) toc_banned_strtok_use_toc_str
#define gets(...) toc_banned_gets
#define atoi(...) toc_banned_atoi_use_toc_parse_int
#define atol(...) toc_banned_atol_use_toc_parse_int
#define atof(...) toc_banned_atof_use_toc_parse_double
#define gmtime(...) toc_banned_gmtime_use_toc_time
#define localtime(...) toc_banned_localtime_use_toc_time
#define ctime(...) toc_banned_ctime_use_toc_time
#define asctime(...) toc_banned_asctime_use_toc_time
#define setlocale(...) toc_banned_setlocale_numbers_are_locale_free

#endif
