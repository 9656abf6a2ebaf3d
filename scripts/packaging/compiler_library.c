// SPDX-License-Identifier: Apache-2.0

// The one symbol that the toolchain's runtime asks of a libstdc++ newer than that of Debian 11. It is called where a hash
// table would have more places than a number can count; the runtime is built without exceptions, so nobody could catch one.
#include <stdlib.h>

_Noreturn void _ZSt28__throw_bad_array_new_lengthv(void) { abort(); }
