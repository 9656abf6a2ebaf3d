# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over its debugging pipe with Python's standard library alone."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Enough for a page of some megabytes on a busy machine.
TIMEOUT = 60


def find():
    """The path of an installed browser, or None."""
    named = os.environ.get("CHROMIUM")
    return named if named else next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One browser with one page. Use it as a context: leaving it ends the browser that it started, and no other."""

    def __init__(self, path):
        self.folder = tempfile.mkdtemp(prefix="driftproof-browser-")
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        # The browser reads descriptor 3 and writes 4; high numbers cannot collide with them.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 40) for end in (to_browser, from_browser)]
        os.close(to_browser)
        os.close(from_browser)
        flags = [
            "--headless", "--remote-debugging-pipe", f"--user-data-dir={self.folder}", "--no-first-run", "--disable-gpu",
            "--disable-extensions", "--disable-background-networking", "--disable-component-update",
            "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars",
        ]
        if os.geteuid() == 0:
            # The sandbox does not start for root, as in containers; the pages are our own.
            flags.append("--no-sandbox")
        self.process = subprocess.Popen(
            ["bash", "-c", 'in=$1 out=$2; shift 2; exec "$@" 3<&"$in" 4>&"$out"', "bash", *map(str, ends), path, *flags],
            pass_fds=ends, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for end in ends:
            os.close(end)
        self.buffer = b""
        self.number = 0
        self.events = []
        target = self.send("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        attached = self.send("Target.attachToTarget", {"targetId": target, "flatten": True}, session=None)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.send(f"{domain}.enable")

    session = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send("Browser.close", session=None)
        except (OSError, RuntimeError):
            pass
        os.close(self.output)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.input)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _message(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.input], [], [], left)[0]:
                raise RuntimeError("the browser does not answer")
            block = os.read(self.input, 1 << 20)
            if not block:
                raise RuntimeError("the browser ended")
            self.buffer += block
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, parameters=None, session=""):
        """Calls a method of the protocol and returns its result; events that come meanwhile are kept."""
        self.number += 1
        call = {"id": self.number, "method": method, "params": parameters or {}}
        own = self.session if session == "" else session
        if own:
            call["sessionId"] = own
        os.write(self.output, json.dumps(call).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while True:
            message = self._message(deadline)
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def wait(self, event):
        """Waits for an event that has not come yet, or takes it from those that have."""
        deadline = time.monotonic() + TIMEOUT
        while not any(message["method"] == event for message in self.events):
            message = self._message(deadline)
            if "method" in message:
                self.events.append(message)

    def open(self, url):
        self.events = []
        failure = self.send("Page.navigate", {"url": url}).get("errorText")
        if failure:
            raise RuntimeError(f"{url}: {failure}")
        self.wait("Page.loadEventFired")

    def evaluate(self, expression):
        result = self.send("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def look(self, width, height=900, scheme="light", media="screen"):
        """How the page is looked at: the window's size in pixels of CSS, the colour scheme, screen or print."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def press(self, key, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code})

    def screenshot(self, path, clip=None):
        parameters = {"format": "png", "captureBeyondViewport": True}
        if clip:
            parameters["clip"] = dict(zip(("x", "y", "width", "height"), clip), scale=1)
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("Page.captureScreenshot", parameters)["data"]))

    def pdf(self):
        return base64.b64decode(
            self.send("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})["data"])
