// SPDX-License-Identifier: Apache-2.0

// Every kernel in plain C.
#define NAME(f) dpc_plain_##f
#include "plain_impl.h"
