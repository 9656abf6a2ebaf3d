#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One server of llama.cpp with OpenAI's API, in this process: serve.py MODEL.gguf PORT [parallel=N]

Needs xllamacpp. Listens on 127.0.0.1 only, and ends with a signal.
"""

import signal
import sys

import xllamacpp

model, port = sys.argv[1], int(sys.argv[2])
options = dict(word.split("=") for word in sys.argv[3:])
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.hostnames = ["127.0.0.1"]
parameters.port = port
parameters.n_parallel = int(options.get("parallel", 1))
parameters.n_ctx = 512 * parameters.n_parallel
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
parameters.warmup = False
parameters.n_gpu_layers = 0
server = xllamacpp.Server(parameters)
# The server's threads do the work; whoever started this ends it.
signal.pause()
