// SPDX-License-Identifier: Apache-2.0

/// The page's style sheet: one accent, system fonts, light and dark, paper.
///
/// Every pair of a text colour and what may lie behind it, stripes of patterns included, has a contrast of 4.5 and more
/// in both schemes; `scripts/browser-test` computes them.
enum PageStyle {
  static let sheets: [StaticString] = [colors, text, blocks, tables, maps, charts, paper]

  private static let colors: StaticString = """
    :root {
      color-scheme: light dark;
      --page: #fbfaf7; --panel: #ffffff; --line: #d9d6cd; --edge: #84807a;
      --ink: #1d1c1a; --soft: #57544d;
      --accent: #0d6357; --accent-ink: #ffffff; --tint: #e3f0ec; --stripe: #cfe4de;
      --bad: #a01c27; --bad-ink: #ffffff; --bad-tint: #fbe9e8; --bad-stripe: #f3d3d1;
      --h0: #f3f2ee; --h1: #e2f0ec; --h2: #c3e2da; --h3: #98cdc0; --h4: #67b3a3; --h5: #1a7a6a; --h6: #0d6357; --h7: #064239;
      --h-low: #1d1c1a; --h-high: #ffffff;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --page: #141615; --panel: #1c1f1e; --line: #383d3b; --edge: #858c89;
        --ink: #ecebe6; --soft: #b6b5ae;
        --accent: #7fd6c3; --accent-ink: #0c211c; --tint: #1b312c; --stripe: #25443d;
        --bad: #ffa8a3; --bad-ink: #33090b; --bad-tint: #3a1c1d; --bad-stripe: #552a2b;
        --h0: #222624; --h1: #18302b; --h2: #1a423a; --h3: #1b564b; --h4: #1b695c; --h5: #58b8a5; --h6: #86d5c4; --h7: #bdf0e4;
        --h-low: #ecebe6; --h-high: #0c211c;
      }
    }
    """

  private static let text: StaticString = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
      font-variant-numeric: tabular-nums; overflow-wrap: break-word;
    }
    header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
    header { padding-top: 2.5rem; }
    footer { padding-top: 1rem; padding-bottom: 3rem; color: var(--soft); font-size: .9rem; }
    h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; margin: 0 0 .75rem; }
    h1 { font-size: clamp(1.6rem, 4vw, 2.3rem); letter-spacing: -.015em; }
    h2 { font-size: 1.45rem; margin-top: 3rem; }
    h3 { font-size: 1.2rem; margin-top: 2.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
    h4 { font-size: 1rem; margin-top: 1.75rem; }
    p, ul, ol, dl { margin: 0 0 1rem; max-width: 46rem; }
    ul, ol { padding-left: 1.25rem; }
    li { margin-bottom: .35rem; }
    a { color: var(--accent); text-underline-offset: .15em; }
    .brand { color: var(--accent); font-weight: 650; margin: 0 0 .5rem; }
    .soft { color: var(--soft); }
    .small { font-size: .9rem; }
    .name, code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    .name, code { font-size: .9em; overflow-wrap: anywhere; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
    main:focus-visible { outline: none; }
    .skip { position: absolute; left: -100vw; top: 0; background: var(--panel); padding: .5rem 1rem; }
    .skip:focus { left: 1rem; }
    """

  private static let blocks: StaticString = """
    .verdict { border-radius: .75rem; padding: 1.5rem; margin: 1.25rem 0; background: var(--tint); border: 2px solid var(--accent); }
    .verdict.failed { background: var(--bad-tint); border-color: var(--bad); }
    .verdict .title { display: flex; gap: .75rem; align-items: center; font-size: 1.6rem; font-weight: 700; line-height: 1.2; margin: 0 0 .6rem; color: var(--accent); }
    .verdict.failed .title { color: var(--bad); }
    .verdict.open { background: var(--panel); border-color: var(--edge); } .verdict.open .title { color: var(--ink); }
    .open .disc { fill: var(--soft); } .open .sign { stroke: var(--panel); }
    .verdict p, .verdict ul { max-width: 56rem; }
    .verdict svg { width: 2.1rem; height: 2.1rem; flex: none; }
    .verdict p:last-child, .verdict ul:last-child { margin-bottom: 0; }
    .verdict .reason { border-left: 3px solid var(--bad); padding-left: .9rem; margin-bottom: 1rem; }
    .disc { fill: var(--accent); } .sign { stroke: var(--accent-ink); fill: none; stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }
    .failed .disc { fill: var(--bad); } .failed .sign { stroke: var(--bad-ink); }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; max-width: none; margin: 0 0 1rem; }
    .figures div { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; }
    .figures dt { color: var(--soft); font-size: .9rem; }
    .figures dd { margin: 0; font-size: 1.45rem; font-weight: 650; line-height: 1.3; }
    .figures .small { display: block; font-size: .85rem; font-weight: 400; color: var(--soft); }
    .toc ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; max-width: none; font-size: .95rem; }
    .note { border-left: 3px solid var(--accent); padding: .1rem 0 .1rem .9rem; margin: 0 0 1rem; max-width: 46rem; }
    .note.failed { border-color: var(--bad); }
    .note > :last-child { margin-bottom: 0; }
    details { margin: 0 0 1rem; }
    summary { cursor: pointer; color: var(--accent); font-weight: 600; padding: .2rem 0; }
    details[open] > summary { margin-bottom: .5rem; }
    .facts { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .35rem 1.25rem; max-width: none; }
    .facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
    pre { margin: 0 0 .75rem; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem; }
    pre code { font-size: 1em; }
    @media (max-width: 34rem) {
      header, main, footer { padding-left: 1rem; padding-right: 1rem; } .wide { min-width: 9.5rem; } th, td { padding: .5rem .65rem; }
      .facts { grid-template-columns: minmax(0, 1fr); gap: 0; } .facts dd { margin-bottom: .6rem; }
      .verdict { padding: 1.1rem; }
    }
    """

  private static let tables: StaticString = """
    .scroll { overflow-x: auto; max-width: 100%; margin: 0 0 1.25rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--panel); }
    table { border-collapse: collapse; width: 100%; font-size: .93rem; line-height: 1.4; }
    caption { text-align: left; padding: .75rem .9rem; color: var(--soft); font-size: .9rem; }
    th, td { text-align: left; vertical-align: top; padding: .5rem .9rem; border-top: 1px solid var(--line); }
    thead th { font-weight: 600; vertical-align: bottom; }
    tbody th { font-weight: 500; }
    .num { text-align: right; white-space: nowrap; }
    .wide { min-width: 15rem; } .nowrap { white-space: nowrap; }
    .meter { width: 8rem; min-width: 5rem; padding-top: .8rem; }
    .meter svg { display: block; width: 100%; height: .55rem; }
    .fill { fill: var(--accent); } .track { fill: var(--line); } .mark { fill: var(--ink); }
    """

  private static let maps: StaticString = """
    .map td { min-width: 5.2rem; text-align: center; vertical-align: middle; border: 1px solid var(--line); padding: .4rem .5rem; font-size: .85rem; }
    .map th { border: 1px solid var(--line); padding: .4rem .6rem; font-size: .85rem; }
    .map thead th { text-align: center; } .map thead .name { overflow-wrap: break-word; }
    .map tbody th { white-space: nowrap; vertical-align: middle; position: sticky; left: 0; background: var(--panel); }
    .k-frozen { color: var(--soft); background-color: var(--panel); }
    .k-norm { background-color: var(--tint); }
    .k-rank { background-color: var(--tint); background-image: repeating-linear-gradient(0deg, var(--stripe) 0 2px, transparent 2px 8px); }
    .k-sparse { background-color: var(--tint); background-image: radial-gradient(var(--stripe) 1.6px, transparent 1.8px); background-size: 8px 8px; }
    .k-entrywise { background-color: var(--tint); background-image: repeating-linear-gradient(90deg, var(--stripe) 0 1px, transparent 1px 4px); }
    .k-kronecker { background-color: var(--tint); background-image: repeating-linear-gradient(0deg, var(--stripe) 0 5px, transparent 5px 10px); }
    .k-circulant { background-color: var(--tint); background-image: repeating-linear-gradient(45deg, var(--stripe) 0 2px, transparent 2px 8px); }
    .k-pattern { background-color: var(--tint); background-image: repeating-linear-gradient(90deg, var(--stripe) 0 4px, transparent 4px 8px); }
    .k-composed { background-color: var(--tint); background-image: repeating-linear-gradient(90deg, var(--stripe) 0 2px, transparent 2px 8px), repeating-linear-gradient(0deg, var(--stripe) 0 2px, transparent 2px 8px); }
    .k-excluded { font-weight: 650; background-color: var(--bad-tint); background-image: repeating-linear-gradient(45deg, var(--bad-stripe) 0 4px, transparent 4px 10px); }
    .k-mixed { background-color: var(--panel); }
    .k-none { color: var(--soft); }
    .legend { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .4rem 1.2rem; max-width: none; font-size: .9rem; }
    .legend li { display: flex; gap: .6rem; align-items: center; margin: 0; }
    .swatch { flex: none; width: 2.2rem; height: 1.4rem; border: 1px solid var(--edge); border-radius: .2rem; }
    .h0 { background-color: var(--h0); } .h1 { background-color: var(--h1); } .h2 { background-color: var(--h2); } .h3 { background-color: var(--h3); }
    .h4 { background-color: var(--h4); } .h5 { background-color: var(--h5); } .h6 { background-color: var(--h6); } .h7 { background-color: var(--h7); }
    .h0, .h1, .h2, .h3, .h4 { color: var(--h-low); } .h5, .h6, .h7 { color: var(--h-high); }
    .s-proved { fill: var(--accent); } .s-identical { fill: var(--h3); } .s-excluded { fill: var(--bad); }
    .b-proved { background: var(--accent); } .b-identical { background: var(--h3); } .b-excluded { background: var(--bad); }
    .key { display: flex; gap: .6rem; align-items: center; } .key .swatch { width: 1.1rem; height: 1.1rem; }
    .share svg { display: block; width: 100%; height: 2rem; border: 1px solid var(--edge); border-radius: .3rem; }
    .share { margin: 0 0 1rem; }
    """

  private static let charts: StaticString = """
    .charts.path { grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); }
    .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr)); gap: 1rem; margin: 0 0 1.25rem; }
    figure { margin: 0; }
    .charts figure { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem .9rem; break-inside: avoid; }
    figcaption { font-size: .88rem; line-height: 1.4; }
    .charts svg { display: block; width: 100%; height: auto; margin: .4rem 0; }
    .axis { stroke: var(--line); stroke-width: 1; } .curve { stroke: var(--accent); stroke-width: 2.2; fill: none; }
    .limit { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 4 3; }
    .charts text { fill: var(--soft); font-size: 10.5px; font-family: inherit; } .charts text.strong { fill: var(--ink); }
    """

  /// Paper: light whatever the screen is, all details open, tables in full width and small enough not to be cut.
  private static let paper: StaticString = """
    @page { size: A4; margin: 14mm 13mm; }
    @media print {
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      :root { --page: #ffffff; }
      html { font-size: 9.5pt; }
      body { line-height: 1.45; }
      header, main, footer { max-width: none; padding: 0; }
      header { padding-top: 0; }
      .skip, .toc { display: none; }
      h2 { margin-top: 1.5rem; } h3 { margin-top: 1.4rem; padding-top: .7rem; }
      .certificate + .certificate { break-before: page; }
      h1, h2, h3, h4, summary, caption { break-after: avoid; }
      tr, figure, li, .verdict, .figures, .note { break-inside: avoid; }
      thead { display: table-header-group; }
      details::details-content { content-visibility: visible; display: block; height: auto; }
      details > summary { list-style: none; color: inherit; }
      .scroll { overflow: visible; border: 0; }
      table { font-size: 8pt; } th, td { padding: 1.1mm 1.6mm; }
      .wide { min-width: 0; } .meter { width: 25mm; min-width: 0; }
      .map { table-layout: fixed; } .map thead .name { overflow-wrap: anywhere; } .map th, .map td { min-width: 0; padding: .8mm; font-size: 6.6pt; overflow-wrap: anywhere; position: static; white-space: normal; }
      .figures { grid-template-columns: repeat(4, 1fr); } .charts { grid-template-columns: repeat(3, 1fr); } .charts.path { grid-template-columns: repeat(2, 1fr); }
      p, ul, ol, dl, .note { max-width: none; }
      a { color: inherit; text-decoration: none; }
    }
    """
}
