#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the program where a test needs one that misbehaves. FAKE says how."""

import os
import signal
import sys
import time

how = os.environ["FAKE"]
if how == "wait":
    # Holds a half-written output, as the program does, and leaves it when it is ended.
    out = sys.argv[sys.argv.index("--out") + 1]
    with open(f"{out}.{os.getpid()}.partial", "w") as file:
        file.write("half")
    print("driftproof: waiting", file=sys.stderr, flush=True)
    time.sleep(600)
elif how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("driftproof: waiting", file=sys.stderr, flush=True)
    time.sleep(600)
elif how == "crash":
    print("driftproof: about to crash", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "strange code":
    sys.exit(77)
elif how == "no json":
    print("done")
elif how == "other json":
    print('{"verified": "yes"}')
elif how == "success without verdict":
    with open(os.environ["FAKE_OUTPUT"]) as file:
        print(file.read().replace('"verified": true', '"verified": false'))
elif how == "accept":
    # A program that accepts everything: the second verifier must notice.
    with open(os.environ["FAKE_OUTPUT"]) as file:
        print(file.read())
elif how == "reject":
    print('{"verified": false, "reason": "no", "exitCode": 11}')
    sys.exit(11)
