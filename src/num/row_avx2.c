#if defined(__x86_64__)
#define VEC 256
#define LOOPS num_row_avx2
#include "num/row_loops.h"
#else
typedef int nothing;
#endif
