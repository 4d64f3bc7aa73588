"""How the page looks: light and dark, wide and narrow, on a screen and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f6f9; --card: #ffffff; --text: #14202e; --muted: #556273; --line: #dfe5ec;
  --soft: #eef2f6; --blue: #1d5fd1; --green: #0a7a50; --bad: #b3261e; --bad-soft: #fdecea;
  --warn: #8a5a00; --warn-soft: #fdf3df; --good: #0a7a50; --good-soft: #e5f5ee;
  --blue-soft: #dbe7fb; --green-soft: #cfeadf;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
    "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", Menlo, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e131a; --card: #161d26; --text: #e8edf3; --muted: #a3afbd; --line: #2b3542;
    --soft: #1e2733; --blue: #83b3ff; --green: #55d6a3; --bad: #ff938a; --bad-soft: #3a1d1d;
    --warn: #f2bf63; --warn-soft: #35290f; --good: #55d6a3; --good-soft: #12322a;
    --blue-soft: #1d3354; --green-soft: #17443a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 28px 64px; }
h1, h2, h3 { line-height: 1.2; text-wrap: balance; letter-spacing: -0.01em; }
h1 { font-size: 2.4rem; margin: 4px 0 14px; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 0 0 6px; }
h3 { font-size: 1.02rem; margin: 26px 0 8px; }
p { margin: 0 0 12px; max-width: 76ch; overflow-wrap: anywhere; }
a { color: var(--blue); }
section, header.top {
  background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 30px 34px; margin-bottom: 20px;
}
.eyebrow { color: var(--muted); font-size: 0.86rem; font-weight: 600; margin: 0; }
.lead { font-size: 1.16rem; line-height: 1.5; margin-bottom: 18px; }
.hint, .unknown { color: var(--muted); }
.hint { font-size: 0.92rem; }
.unknown { font-style: italic; }
.pills { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 16px; padding: 0; }
.pill {
  display: inline-block; padding: 2px 11px; border-radius: 999px; font-size: 0.86rem;
  font-weight: 650; white-space: nowrap;
  background: var(--soft); color: var(--text);
}
.pill.long { white-space: normal; overflow-wrap: anywhere; }
.pill.good { background: var(--good-soft); color: var(--good); }
.pill.bad { background: var(--bad-soft); color: var(--bad); }
.pill.warn { background: var(--warn-soft); color: var(--warn); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 5px 22px; margin: 0; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.facts + .hint { margin-top: 16px; }
.figures { display: grid; grid-template-columns: repeat(5, 1fr); gap: 14px;
  margin: 0 0 20px; padding: 0; list-style: none; }
.figures li { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 18px 20px 16px; }
.figures.three { grid-template-columns: repeat(3, 1fr); }
.figures .value { display: block; font-size: 1.6rem; font-weight: 680; line-height: 1.2;
  letter-spacing: -0.02em; overflow-wrap: anywhere; }
.figures .unit { font-size: 1rem; font-weight: 600; letter-spacing: 0; }
.figures .value.bad { color: var(--bad); }
.figures .value.good { color: var(--good); }
.figures .what { display: block; color: var(--muted); font-size: 0.88rem; line-height: 1.35;
  margin-top: 7px; }
.callout { border-color: var(--bad); }
.table { position: relative; overflow-x: auto; margin: 14px 0 4px; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
caption { text-align: left; color: var(--muted); font-size: 0.9rem; padding: 0 0 8px; }
th, td { text-align: left; vertical-align: top; padding: 8px 14px 8px 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 600; font-size: 0.84rem; vertical-align: bottom; }
tbody th { font-weight: 600; }
tr:last-child > * { border-bottom: 0; }
table.narrow { max-width: 620px; }
.sub { display: block; padding-left: 1.2em; font-weight: 400; color: var(--muted); }
.nowrap, td time, th time { white-space: nowrap; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
thead th.n { min-width: 84px; }
td.rule, th.rule { text-align: center; padding-right: 8px; min-width: 26px; }
tr.group th { padding-top: 18px; color: var(--muted); font-weight: 600; }
.ok { color: var(--good); font-weight: 700; }
.no { color: var(--bad); font-weight: 700; }
.dim { color: var(--muted); }
.small { font-size: 0.88rem; }
code, .mono { font-family: var(--mono); font-size: 0.88em; overflow-wrap: anywhere; }
pre { background: var(--soft); border-radius: 8px; padding: 12px 14px; overflow-x: auto;
  font: 0.86rem/1.5 var(--mono); margin: 10px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { border-top: 1px solid var(--line); padding: 12px 0; }
details:last-child { padding-bottom: 0; }
summary { cursor: pointer; font-weight: 600; }
summary .pill { margin-left: 8px; }
ol.plain { padding-left: 1.5em; margin: 6px 0 10px; }
ul.plain { padding-left: 1.15em; margin: 6px 0 10px; }
ul.plain li { margin: 3px 0; overflow-wrap: anywhere; }
ol.rules { padding-left: 1.4em; margin: 8px 0 0; color: var(--muted); font-size: 0.88rem;
  columns: 2; column-gap: 32px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }

.plots { margin-top: 14px; }
.figure { margin: 0 0 20px; break-inside: avoid; }
figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 12px;
  margin: 0 0 2px; }
.chart-title { font-weight: 650; }
.chart-unit { color: var(--muted); font-size: 0.88rem; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 0 0 0 auto;
  padding: 0; font-size: 0.88rem; }
.legend-item { display: flex; align-items: center; gap: 7px; }
.chart { display: grid; grid-template-columns: 50px minmax(0, 1fr); position: relative; }
.chart-note { position: absolute; left: 50px; right: 0; top: 10px; text-align: center;
  color: var(--muted); max-width: none; margin: 0; pointer-events: none; }
svg { display: block; overflow: visible; }
.bands { overflow: hidden; }
svg text { font: 12px var(--sans); fill: var(--text); font-variant-numeric: tabular-nums; }
svg text.tick { fill: var(--muted); }
.middle { text-anchor: middle; }
.start { text-anchor: start; }
.end { text-anchor: end; }
.grid { stroke: var(--line); stroke-width: 1; }
.baseline, .axis-tick { stroke: var(--muted); stroke-width: 1; }
.line { vector-effect: non-scaling-stroke; stroke-width: 2; stroke-linejoin: round; }
.line.blue { stroke: var(--blue); }
.line.green { stroke: var(--green); stroke-dasharray: 7 4; }
.line.p50 { stroke-width: 1.2; }
.line.green.p50 { stroke-dasharray: 2 3; }
.line.edge { stroke: var(--green); stroke-width: 2; }
.area-blue { fill: var(--blue-soft); }

.area-green { fill: url(#hatch); }
.hatch-ground { fill: var(--green-soft); }
.hatch-line { stroke: var(--green); stroke-width: 1.2; opacity: 0.45; }
.area-name { font-size: 14px; font-weight: 650; paint-order: stroke; stroke-width: 4px; }
.area-name.blue { fill: var(--blue); stroke: var(--blue-soft); }
.area-name.green { fill: var(--green); stroke: var(--green-soft); }
.bars.blue { fill: var(--blue); }
.bars.green { fill: url(#hatch-strong); }
.hatch-strong-ground { fill: var(--green); opacity: 0.55; }
.hatch-strong-line { stroke: var(--green); stroke-width: 2; }
.hover { fill: var(--text); opacity: 0; }
.hover:hover { opacity: 0.08; }
.mark-line { stroke: var(--text); stroke-width: 1; stroke-dasharray: 2 3; opacity: 0.7; }
.mark-line.rollback, .mark-line.gate, .mark-line.halt { stroke: var(--bad); opacity: 1; }
.mark { fill: var(--text); }
.mark.rollback, .mark.gate, .mark.halt { fill: var(--bad); }
svg text.mark-number { fill: var(--card); font-size: 11px; font-weight: 700; }
.marks { list-style: none; margin: 0 0 24px 50px; padding: 0; font-size: 0.9rem;
  display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 4px 20px; }
.marks time { color: var(--muted); }
.mark-badge { display: inline-block; min-width: 1.55em; height: 1.55em; line-height: 1.55em;
  border-radius: 999px; text-align: center; background: var(--text); color: var(--card);
  font-size: 0.76rem; font-weight: 700; margin-right: 5px; }
.mark-badge.rollback, .mark-badge.gate, .mark-badge.halt { background: var(--bad); }
.band { fill: var(--soft); }
.band.odd { fill: var(--line); }
.band.rollback { fill: var(--bad-soft); }
svg text.band-name { font-size: 11.5px; fill: var(--text); }
.band-row { align-items: center; margin-bottom: 10px; }
.band-head { font-size: 12px; color: var(--muted); text-align: right; padding-right: 6px; }
footer { color: var(--muted); font-size: 0.88rem; padding: 6px 6px 0; }

@media (max-width: 640px) {
  body { font-size: 15px; }
  main { padding: 14px 10px 40px; }
  section, header.top { padding: 20px 16px; border-radius: 12px; }
  h1 { font-size: 1.75rem; }
  .figures, .figures.three { grid-template-columns: 1fr 1fr; gap: 10px; }
  .figures li { padding: 14px; }
  .figures .value { font-size: 1.4rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: 8px; }
  .sparse, .wide-only { display: none; }
  .legend { margin-left: 0; }
  .marks { margin-left: 0; grid-template-columns: 1fr; }
  ol.rules { columns: 1; }
}
@media print {
  @page { margin: 14mm; }
  :root {
    --page: #fff; --card: #fff; --text: #000; --muted: #444; --line: #ccc; --soft: #f2f2f2;
    --blue: #1d5fd1; --green: #0a7a50; --bad: #b3261e; --warn: #7a5000; --good: #0a7a50;
    --blue-soft: #dbe7fb; --green-soft: #cfeadf; --bad-soft: #fdecea; --good-soft: #e5f5ee;
    --warn-soft: #fdf3df;
  }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  section, header.top { border: 0; border-radius: 0; padding: 0 0 12px; margin: 0 0 10px; }
  h2 { break-after: avoid; }
  tr, .figures li { break-inside: avoid; }
  .table { overflow: visible; }
  table, thead th, caption, .pill, .hint { font-size: 8.2pt; }
  .pills .pill { font-size: 10pt; }
  th, td { padding: 4px 8px 4px 0; }
  td.rule, th.rule { min-width: 0; padding-right: 4px; }
  .nowrap, td time, td.n { white-space: normal; }
  details::details-content { content-visibility: visible; }
  summary { list-style: none; }
}
"""
