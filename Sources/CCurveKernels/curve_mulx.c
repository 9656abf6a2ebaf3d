// SPDX-License-Identifier: Apache-2.0

// Every kernel in plain C, compiled for processors with BMI2 and ADX.
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("bmi,bmi2,adx"))), apply_to = function)
#define NAME(f) dpc_mulx_##f
#include "plain_impl.h"
#pragma clang attribute pop
#endif
