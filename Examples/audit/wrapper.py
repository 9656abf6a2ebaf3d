#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may stand between a model and whoever asks it: wrapper.py MODEL.gguf PORT [BEHAVIOUR ...]

Starts serve.py with the model on a port of its own and hands on requests and answers, changed: old (the older shape of log
probabilities), top=N, decimals=N, spelled=byteLevel|sentencePiece (Ġ or ▁ for a blank), tail (the last entry of each list is
-9999.0), empty (each token's text is empty; with bytes its bytes are gone, too), system=TEXT (before each question),
temperature=T, save=FILE (answers, one a line), replay=FILE (these in place of answers, in their order), cache (the first answer
for ever), router=OTHER.gguf (the other model, unless log probabilities are asked for), first=N with other=OTHER.gguf (the other
one from question N on), paraphrase (words are replaced by others, and log probabilities are gone), latency=M,S (milliseconds on
average, and their deviation), bursts (ten of fifty requests get 429, every other one with Retry-After), cut=P and drop=P (so many
percent of bodies are cut off, of connections dropped). Needs xllamacpp; ends with its process group.
"""

import http.client
import json
import pathlib
import random
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

model, port = sys.argv[1], int(sys.argv[2])
options = dict((word + "=").split("=")[:2] for word in sys.argv[3:])
lock = threading.Lock()
count = 0
kept = None
saved = open(options["save"], "w") if "save" in options else None
answers = pathlib.Path(options["replay"]).read_text().splitlines() if "replay" in options else []
# Byte-level BPE: printable bytes of Latin-1 stand for themselves, the others for U+0100 and what follows.
PRINTED = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
OTHERS = [byte for byte in range(256) if byte not in PRINTED]
LETTERS = [chr(byte) if byte in PRINTED else chr(0x100 + OTHERS.index(byte)) for byte in range(256)]
# What a paraphrasing gateway makes of common words.
WORDS = {"the": "a", "a": "the", "is": "was", "and": "or", "of": "from", "to": "into", "in": "within", "that": "which", "not": "never"}
chance = random.Random(11)
# The preflight asks so many before the first question.
PREFLIGHT = 8


def start(path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        chosen = free.getsockname()[1]
    serve = pathlib.Path(__file__).resolve().parent / "serve.py"
    subprocess.Popen([sys.executable, str(serve), path, str(chosen)])
    while True:
        try:
            if ask(chosen, "GET", "/health")[0] == 200:
                return chosen
        except OSError:
            pass
        time.sleep(0.02)


def ask(chosen, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", chosen, timeout=60)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    reply = connection.getresponse()
    status, content = reply.status, reply.read()
    connection.close()
    return status, content


def entry(listed):
    """One listed token, as this server says it."""
    if "spelled" in options:
        data = bytes(listed.pop("bytes"))
        if options["spelled"] == "byteLevel":
            listed["token"] = "".join(LETTERS[byte] for byte in data)
        elif len(data) == 1 and data[0] >= 0x80:
            listed["token"] = f"<0x{data[0]:02X}>"
        else:
            listed["token"] = data.decode("utf-8", "replace").replace(" ", "\u2581")
    if "empty" in options:
        listed["token"] = ""
        if options["empty"] == "bytes":
            listed.pop("bytes", None)
    if "decimals" in options:
        listed["logprob"] = round(listed["logprob"], int(options["decimals"]))


def changed(reply):
    if "paraphrase" in options:
        choice = reply["choices"][0]
        holder, key = (choice["message"], "content") if "message" in choice else (choice, "text")
        holder[key] = re.sub(r"[A-Za-z]+", lambda word: WORDS.get(word[0], word[0][::-1]), holder[key])
        choice["logprobs"] = None
        return reply
    found = reply["choices"][0].get("logprobs")
    if not found or not found.get("content"):
        return reply
    for place in found["content"]:
        place["top_logprobs"] = place["top_logprobs"][: int(options.get("top", 99))]
        for listed in [place, *place["top_logprobs"]]:
            entry(listed)
        if "tail" in options:
            place["top_logprobs"][-1]["logprob"] = -9999.0
    if "old" in options:
        reply["choices"][0]["logprobs"] = {
            "tokens": [place["token"] for place in found["content"]],
            "token_logprobs": [place["logprob"] for place in found["content"]],
            "top_logprobs": [{other["token"]: other["logprob"] for other in place["top_logprobs"]} for place in found["content"]],
        }
    return reply


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20

    def log_message(self, *_):
        pass

    def send(self, status, body, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send(200 if self.path in ("/health", "/v1/models") else 404, b"{}")

    def do_POST(self):
        global count, kept
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            number, count = count, count + 1
            wait = chance.gauss(*map(float, options["latency"].split(","))) if "latency" in options else 0
            share = 100 * chance.random()
        time.sleep(max(0, wait) / 1000)
        if "bursts" in options and number >= PREFLIGHT and number % 50 < 10:
            return self.send(429, b"{}", *([("Retry-After", "1")] if number % 2 else []))
        if share < float(options.get("drop", 0)):
            self.close_connection = True
            return None
        if "system" in options:
            if "messages" in request:
                request["messages"].insert(0, {"role": "system", "content": options["system"]})
            else:
                request["prompt"] = options["system"] + "\n" + request["prompt"]
        if "temperature" in options:
            request["temperature"] = float(options["temperature"])
        chosen = first
        if "router" in options and not request.get("logprobs"):
            chosen = second
        if "first" in options and number >= PREFLIGHT + int(options["first"]):
            chosen = second
        if answers:
            return self.send(200, answers[number % len(answers)].encode())
        if kept and "cache" in options:
            return self.send(200, kept)
        status, content = ask(chosen, "POST", self.path, json.dumps(request))
        if status == 200:
            content = json.dumps(changed(json.loads(content))).encode()
            with lock:
                kept = content
                if saved:
                    saved.write(content.decode() + "\n")
                    saved.flush()
            if share > 100 - float(options.get("cut", 0)):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return None
        self.send(status, content)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


first = start(model)
second = start(options.get("router") or options["other"]) if "router" in options or "other" in options else first
Server(("127.0.0.1", port), Handler).serve_forever()
