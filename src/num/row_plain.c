#define VEC 1
#define LOOPS num_row_plain
#include "num/row_loops.h"
