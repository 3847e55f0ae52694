#if defined(__x86_64__)
#define VEC 512
#define LOOPS num_row_avx512
#include "num/row_loops.h"
#else
typedef int nothing;
#endif
