// SPDX-License-Identifier: Apache-2.0

#include <stddef.h>
#include <stdint.h>

// Of compiler-rt's libFuzzer, for programs with their own main.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
