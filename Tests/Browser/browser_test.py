# SPDX-License-Identifier: Apache-2.0
"""Looks at report pages in a real browser, as people do; see scripts/browser-test.

    browser_test.py PAGE=WORDS ...      each page must contain the words, and have no fault
    browser_test.py --mutants PAGE      damages the page in many ways: each must be found, or a check is blind
"""

import pathlib
import sys
import tempfile
import time

import chromium

here = pathlib.Path(__file__).parent
SCRIPT = (here / "page.js").read_text()
# Comments stand before the function.
SCRIPT = SCRIPT[SCRIPT.index("(checks)"):].strip()
TAB = ("Tab", 9)
# Paper of A4 without the margins of the style sheet, in pixels of CSS.
PAPER = round((210 - 2 * 13) / 25.4 * 96)
WIDTHS = (360, 1440)
OPEN_ALL = "document.querySelectorAll('details').forEach(details => { details.open = true })"

FOCUSABLE = """
[...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(
  (element) => element.checkVisibility({ contentVisibilityAuto: true }))
"""
# Where the focus is, and whether a person can see that it is there.
FOCUS = """
(() => {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  return {
    index: %s.indexOf(element), name: element.tagName + ' ' + (element.textContent || '').trim().slice(0, 40),
    isSeen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight,
    isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
  };
})()
""" % FOCUSABLE


def noise(browser, url):
    """What the browser complained about, or fetched."""
    found = []
    for event in browser.events:
        method, parameters = event["method"], event["params"]
        if method == "Log.entryAdded":
            found.append("console: " + parameters["entry"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            found.append("console: " + str(parameters)[:300])
        elif method == "Network.requestWillBeSent" and parameters["request"]["url"] != url:
            found.append("network: " + parameters["request"]["url"])
    return found


def keyboard(browser):
    """Tab must visit everything that takes the focus, in the order of the page, and show where it is."""
    count = browser.evaluate(f"{FOCUSABLE}.length")
    if count < 5:
        return [f"keyboard: only {count} places"]
    found = []
    # The skip link comes in from outside when it has the focus.
    for wanted in range(count):
        browser.press(*TAB)
        focus = browser.evaluate(FOCUS)
        if focus["index"] != wanted:
            found.append(f"keyboard: place {wanted} is {focus['name']!r} ({focus['index']})")
            break
        if not focus["isSeen"] or not focus["isMarked"]:
            found.append(f"keyboard: the focus is not seen on {focus['name']!r}")
    return found


def accessibility(browser, words):
    """What a screen reader is told."""
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    spoken = [
        (node.get("role", {}).get("value"), str(node.get("name", {}).get("value", "")))
        for node in nodes if not node.get("ignored")
    ]
    found = []
    for role in ("table", "image", "figure", "region", "link", "heading", "navigation"):
        names = [name for own, name in spoken if own == role]
        # Sections are regions by their headings, frames by their labels.
        if any(not name.strip() for name in names):
            found.append(f"accessibility: a {role} without name")
    if not any(words in name for _, name in spoken):
        found.append(f"accessibility: {words!r} is not spoken")
    if not any(role == "main" for role, _ in spoken):
        found.append("accessibility: no main part")
    return found


def look(browser, page, words):
    """All checks of one page; sentences about what is wrong."""
    url = page.resolve().as_uri()
    found = []

    def check(names, **view):
        browser.look(**view)
        for fault in browser.evaluate(f"({SCRIPT})({names!r})"):
            found.append(f"{fault} [{view}]")

    browser.look(width=1024)
    browser.open(url)
    found += keyboard(browser)
    text = browser.evaluate("document.querySelector('main').innerText")
    if words not in text:
        found.append(f"text: {words!r} is not on the page")
    # Paper first: details are closed then, and must show what they hold all the same.
    check(["cut", "unfolded"], width=PAPER, media="print")
    check(["contrast"], width=PAPER, media="print", scheme="dark")
    paper = browser.pdf()
    if not paper.startswith(b"%PDF-") or len(paper) < 10_000:
        found.append("print: no PDF")
    browser.look(width=1024)
    browser.evaluate(OPEN_ALL)
    check(["structure"], width=1024)
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            check(["contrast", "overflow"], width=width, scheme=scheme)
    found += accessibility(browser, words)
    found += noise(browser, url)
    return found


# What is damaged, and the check that must see it. The first string must occur in the page.
MUTANTS = [
    ("console", "</body>", "<script>console.log('x')</script></body>"),
    ("structure", "</body>", "<script>1</script></body>"),
    ("console", "</body>", '<img src="https://example.org/x.png" alt="x"/></body>'),
    ("network", "default-src &#39;none&#39;;", "img-src *;"),
    ("contrast", "--soft: #57544d", "--soft: #a5a29b"),
    ("contrast", "--soft: #b6b5ae", "--soft: #62615c"),
    ("contrast", "--stripe: #cfe4de", "--stripe: #225047"),
    ("overflow", "</main>", '<p style="width: 2000px; max-width: none">wide</p></main>'),
    ("cut", "table { font-size: 8pt; }", "table { min-width: 1200px; }"),
    ("unfolded", "content-visibility: visible;", ""),
    ("structure", ' lang="en"', ""),
    ("structure", "<title>Drift", "<title></title><p>Drift"),
    ("structure", "<caption>", "<caption></caption><caption>"),
    ("structure", ' scope="col"', ""),
    ("structure", "<h3", "<h6"),
    ("structure", 'role="img"', ""),
    ("structure", 'href="#c1-proved"', 'href="#nothing"'),
    ("structure", 'href="#c1-proved"', 'href="https://example.org/"'),
    ("structure", 'id="c1-coverage"', 'id="c1-map"'),
    ("structure", ">frozen</td>", "></td>"),
    ("keyboard", ':focus-visible { outline: 3px', ':focus-visible { outline: 0px'),
    ("keyboard", 'class="skip" href="#content"', 'class="skip" tabindex="-1" href="#content"'),
    ("accessibility", "<main ", '<main inert="" '),
    ("accessibility", 'role="img"><title>', 'role="img"><desc>'),
    ("text", 'class="title"', 'class="title" style="display: none"'),
]


def mutants(browser, page, words):
    """Every mutant that no check sees is a fault of the checks."""
    source = page.read_text()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (check, old, new) in enumerate(MUTANTS):
            if old not in source:
                found.append(f"mutant {number}: {old!r} is not in the page")
                continue
            mutant = pathlib.Path(folder) / f"{number}.html"
            text = source.replace(old, new)
            if check == "network":
                text = text.replace("</body>", '<img src="https://example.invalid/x.png" alt="x"/></body>')
            mutant.write_text(text)
            if not any(fault.startswith(check + ":") for fault in look(browser, mutant, words)):
                found.append(f"mutant {number} is not found by {check}: {old!r} -> {new!r}")
    return found


def main(arguments):
    path = chromium.find()
    if path is None:
        print("browser-test: no Chromium found: apt-get install chromium, or set CHROMIUM", file=sys.stderr)
        return 2
    are_mutants = arguments[:1] == ["--mutants"]
    failed = False
    with chromium.Browser(path) as browser:
        for argument in arguments[1:] if are_mutants else arguments:
            page, words = argument.split("=", 1)
            start = time.monotonic()
            found = (mutants if are_mutants else look)(browser, pathlib.Path(page), words)
            failed = failed or bool(found)
            what = f"{len(MUTANTS)} mutants of {page}" if are_mutants else page
            print(f"{'FAILED' if found else 'ok'}  {what} ({time.monotonic() - start:.1f} s)")
            for fault in found:
                print("  " + fault)
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
