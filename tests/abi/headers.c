/* Compiled as C99, C11 and C++17 with every warning an error: the headers stand alone and twice. */
#include "lgstore.h"
#include "lgstore.h"
#include "lgstore_ops.h"
#include "lgstore_ops.h"

int main(void) {
  return lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER) == LGSTORE_OK ? 0 : 1;
}
