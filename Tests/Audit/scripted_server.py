#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted endpoint for tests: answers follow from the question alone, no model, no packages.

    scripted_server.py PORT [--log FILE] [--port-file FILE] [BEHAVIOUR ...]

Port 0 takes a free one; the file gets its number as soon as the server listens.

Behaviours: other (another model), shift=N (every listed value N millionths of a nat lower), sampled, top=N, old (the older
shape of log probabilities), plain-text (none), spelled=byteLevel|sentencePiece (blanks as Ġ or ▁), tail (the last entry of
each list is -9999.0), storm (each question fails twice, with 429 and 503), truncate (each question's first body is cut off),
drop (each question's first connection is dropped), lose=N (every N-th question gets 500 for ever), refuse=STATUS (every
request), redirect=URL, huge, slow=SECONDS, slow-start=SECONDS, first=N (honest for N questions, then other), mixture=N (every
N-th answer from another model), drip (a byte a second), memory=MB (has so much), alone=FILE (ends at once where another server
that was started with this file still runs).
The log has one line of JSON a request: path, headers, body.
"""

import fcntl
import hashlib
import json
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = sys.argv[1:]
port = int(arguments.pop(0))
options = {}
log = None
port_file = None
while arguments:
    word = arguments.pop(0)
    if word == "--log":
        log = arguments.pop(0)
    elif word == "--port-file":
        port_file = arguments.pop(0)
    else:
        name, _, value = word.partition("=")
        options[name] = value
lock = threading.Lock()
seen = {}
started = time.time()


def blank(text):
    mark = {"byteLevel": "\u0120", "sentencePiece": "\u2581"}.get(options.get("spelled", ""), " ")
    return text.replace(" ", mark)


def tokens_of(prompt, is_other, count, listed):
    seed = hashlib.sha256((("x" if is_other else "") + prompt).encode()).digest()
    shift = int(options.get("shift", 0))
    listed = min(listed, int(options.get("top", 20)))
    tokens = []
    for place in range(count):
        top = [(" w%d" % ((seed[place % len(seed)] + 7 * i) % 256), -0.2 * (i + 1) - shift / 1e6) for i in range(20)]
        chosen = top[4] if "sampled" in options else top[0]
        if "tail" in options:
            top[listed - 1] = (top[listed - 1][0], -9999.0)
        tokens.append((chosen, top[:listed]))
    return tokens


def answer(request, number):
    is_chat = "messages" in request
    prompt = request["messages"][0]["content"] if is_chat else request["prompt"]
    listed = (request.get("top_logprobs") if is_chat else request.get("logprobs")) or 0
    is_other = "other" in options or ("first" in options and number >= int(options["first"]))
    if "mixture" in options and number % int(options["mixture"]) == 0:
        is_other = True
    tokens = tokens_of(prompt, is_other, request["max_tokens"], listed)
    text = "".join(chosen[0] for chosen, _ in tokens)
    logprobs = None
    if listed and "plain-text" not in options:
        if "old" in options:
            logprobs = {
                "tokens": [blank(chosen[0]) for chosen, _ in tokens],
                "token_logprobs": [chosen[1] for chosen, _ in tokens],
                "top_logprobs": [{blank(t): v for t, v in top} for _, top in tokens],
            }
        else:
            logprobs = {
                "content": [
                    {
                        "token": blank(chosen[0]),
                        "logprob": chosen[1],
                        "top_logprobs": [{"token": blank(t), "logprob": v} for t, v in top],
                    }
                    for chosen, top in tokens
                ]
            }
    choice = {"index": 0, "finish_reason": "length", "logprobs": logprobs}
    if is_chat:
        choice["message"] = {"role": "assistant", "content": text}
    else:
        choice["text"] = text
    return {
        "model": request["model"],
        "system_fingerprint": "scripted",
        "choices": [choice],
        "usage": {"prompt_tokens": len(prompt.split()), "completion_tokens": len(tokens)},
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: two would wait for each other.
    wbufsize = 1 << 20
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def send(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if time.time() - started < float(options.get("slow-start", 0)):
            return self.send(503, b"{}")
        self.send(200 if self.path in ("/health", "/v1/models") else 404, b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = json.loads(body)
        question = json.dumps(request.get("prompt", request.get("messages")))
        with lock:
            attempt = seen.setdefault(question, {"number": len(seen), "attempts": 0})
            attempt["attempts"] += 1
            number, tries = attempt["number"], attempt["attempts"]
            if log:
                with open(log, "a") as file:
                    entry = {"path": self.path, "headers": dict(self.headers), "body": body.decode()}
                    file.write(json.dumps(entry) + "\n")
        if "slow" in options:
            time.sleep(float(options["slow"]))
        if "refuse" in options:
            # Some servers repeat what they were sent.
            echo = {"error": {"message": "no: " + str(self.headers.get("Authorization"))}}
            return self.send(int(options["refuse"]), json.dumps(echo).encode())
        if "redirect" in options:
            return self.send(307, b"", [("Location", options["redirect"])])
        if "huge" in options:
            return self.send(200, b" " * (5 << 20))
        # The first eight questions are the preflight's.
        if "lose" in options and number > 8 and number % int(options["lose"]) == 0:
            return self.send(500, b"{}", [("Retry-After", "0")])
        if "storm" in options and tries < 3:
            return self.send(429, b"{}", [("Retry-After", "0")]) if tries == 1 else self.send(503, b"{}")
        if "drop" in options and tries == 1:
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        content = json.dumps(answer(request, max(0, number - 8))).encode()
        if "truncate" in options and tries == 1:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return None
        if "drip" in options:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for byte in content:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.3)
            return None
        self.send(200, content)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if "alone" in options:
    # Held until the process is gone.
    held = open(options["alone"], "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit("another server still runs")
kept = b"x" * (int(options.get("memory", 0)) << 20)
server = Server(("127.0.0.1", port), Handler)
if port_file:
    # Whoever waits for it never sees half of it.
    with open(port_file + ".new", "w") as file:
        file.write(str(server.server_address[1]))
    os.replace(port_file + ".new", port_file)
server.serve_forever()
