// SPDX-License-Identifier: Apache-2.0

// What a page has, measured where it is shown: computed styles, boxes, the tree. Returns findings as sentences; a page
// without faults has none. `checks` names what is looked at; contrast and overflow depend on window and scheme.
(checks) => {
  const findings = [];
  const fault = (check, text) => findings.push(`${check}: ${text}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const brief = (element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> ` +
    JSON.stringify((element.textContent || "").trim().slice(0, 40));

  // --- Colours
  const channels = (text) => {
    const parts = text.match(/rgba?\(([^)]*)\)/);
    if (!parts) return null;
    const [r, g, b, a] = parts[1].split(/[ ,/]+/).map(Number);
    return { r, g, b, a: a === undefined ? 1 : a };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a), a: 1,
  });
  const light = ({ r, g, b }) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  // Everything that may lie behind an element's text: its background, and each colour of its pattern.
  const known = new Map();
  const behind = (element) => {
    if (known.has(element)) return known.get(element);
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.push(getComputedStyle(at));
    let colours = [{ r: 255, g: 255, b: 255, a: 1 }];
    for (const style of chain.reverse()) {
      const own = channels(style.backgroundColor);
      if (own && own.a > 0) colours = colours.map((colour) => over(own, colour));
      const stops = style.backgroundImage === "none" ? [] : style.backgroundImage.match(/rgba?\([^)]*\)/g) || [];
      for (const stop of stops.map(channels)) if (stop.a > 0) colours.push(...colours.slice(0, 1).map((c) => over(stop, c)));
    }
    known.set(element, colours);
    return colours;
  };
  if (checks.includes("contrast")) {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Map();
    let count = 0;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || !element || ["TITLE", "DESC", "STYLE"].includes(element.tagName.toUpperCase())) continue;
      if (!shown(element) || !element.getClientRects().length) continue;
      count += 1;
      const style = getComputedStyle(element);
      const colour = channels(element instanceof SVGElement ? style.fill : style.color);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      for (const below of behind(element)) {
        const value = ratio(over(colour, below), below);
        if (value < (isLarge ? 3 : 4.5)) {
          const key = JSON.stringify([colour, below]);
          if (!seen.has(key)) fault("contrast", `${value.toFixed(2)} ${brief(element)}`);
          seen.set(key, true);
        }
      }
    }
    if (count < 50) fault("contrast", `only ${count} texts were found`);
  }

  if (checks.includes("overflow")) {
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      const wide = all("body *").filter((element) => shown(element) && !element.closest(".scroll") &&
        element.getBoundingClientRect().right > root.clientWidth + 1);
      fault("overflow", `${root.scrollWidth} > ${root.clientWidth}: ${wide.slice(0, 3).map(brief).join(", ")}`);
    }
  }
  if (checks.includes("cut")) {
    // On paper nothing scrolls.
    for (const frame of all(".scroll")) {
      if (frame.scrollWidth > document.documentElement.clientWidth) fault("cut", `${frame.scrollWidth} ${brief(frame)}`);
      if (frame.scrollWidth > frame.clientWidth && getComputedStyle(frame).overflowX !== "visible") fault("cut", brief(frame));
    }
  }
  if (checks.includes("unfolded")) {
    for (const details of all("details")) {
      const inside = [...details.children].find((child) => child.tagName !== "SUMMARY");
      if (inside && (!shown(inside) || inside.getBoundingClientRect().height < 1)) fault("unfolded", brief(inside));
    }
    if (!all("details").length) fault("unfolded", "there are no details to look at");
  }

  // --- Structure
  if (checks.includes("structure")) {
    if (!document.documentElement.lang) fault("structure", "no language");
    if (!document.title.trim()) fault("structure", "no title");
    const policy = document.querySelector("meta[http-equiv=Content-Security-Policy]");
    if (!policy || !policy.content.includes("default-src 'none'")) fault("structure", "no content security policy");
    if (document.scripts.length) fault("structure", "a script");
    for (const element of all("*")) {
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on")) fault("structure", `handler ${name}`);
        if (["src", "srcset", "data", "action"].includes(name)) fault("structure", `${name}=${value}`);
        if (name.endsWith("href") && !value.startsWith("#")) fault("structure", `${name}=${value}`);
      }
    }
    for (const landmark of ["main", "header", "footer"]) {
      if (all(`body > ${landmark}`).length !== 1) fault("structure", `not one ${landmark}`);
    }
    let level = 0;
    const headings = all("h1, h2, h3, h4, h5, h6");
    for (const heading of headings) {
      const own = Number(heading.tagName[1]);
      if (own > level + 1) fault("structure", `heading after level ${level}: ${brief(heading)}`);
      if (!heading.textContent.trim()) fault("structure", "an empty heading");
      level = own;
    }
    if (all("h1").length !== 1) fault("structure", "not one h1");
    const ids = all("[id]").map((element) => element.id);
    if (new Set(ids).size !== ids.length) fault("structure", "an id twice");
    for (const element of all("[aria-labelledby]")) {
      for (const id of element.getAttribute("aria-labelledby").split(" ")) {
        if (!document.getElementById(id)) fault("structure", `label ${id} is missing`);
      }
    }
    for (const link of all("a")) {
      if (!document.getElementById(link.getAttribute("href").slice(1))) fault("structure", `dead link ${brief(link)}`);
      if (!link.textContent.trim()) fault("structure", "an empty link");
    }
    for (const table of all("table")) {
      if (!table.caption || !table.caption.textContent.trim()) fault("structure", `table without caption ${brief(table)}`);
      for (const head of table.querySelectorAll("th")) {
        if (!["col", "row"].includes(head.getAttribute("scope"))) fault("structure", `th without scope ${brief(head)}`);
      }
      const width = table.tHead.rows[0].cells.length;
      for (const row of table.rows) if (row.cells.length !== width) fault("structure", `row of ${row.cells.length} cells`);
    }
    for (const picture of all("svg")) {
      const isHidden = picture.getAttribute("aria-hidden") === "true";
      const title = picture.querySelector("title");
      if (!isHidden && !(picture.getAttribute("role") === "img" && title && title.textContent.trim())) {
        fault("structure", `picture without title ${brief(picture)}`);
      }
    }
    for (const element of all("[tabindex]")) if (element.tabIndex > 0) fault("structure", "a tabindex above 0");
    for (const frame of all(".scroll")) {
      if (frame.tabIndex !== 0 || !frame.getAttribute("aria-label")) fault("structure", `frame ${brief(frame)}`);
    }
    // A map must be readable without colour: every cell has text.
    for (const cell of all("table.map td")) if (!cell.textContent.trim()) fault("structure", "a map cell without text");
  }
  return findings;
}
