/* The one C file of the library. CMake wants a source for a library target; this one makes the public
 * headers' compile-time checks part of every build. */
#include "lgstore.h"
#include "lgstore_ops.h"

/* ISO C asks for one declaration; it is local to this file. */
typedef char lgstore_anchor_checks_op_width[sizeof(lgstore_op_t) == 8 ? 1 : -1];
