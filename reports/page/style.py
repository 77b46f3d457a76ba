"""How the page looks: the house style and the charts' own, and what only this page has. Light, dark, and on paper."""

from cnnsearch.reports.charts.style import page_style
from cnnsearch.reports.doctor.style import HOUSE

_OWN = """
body { -webkit-text-size-adjust: 100%; }
main { max-width: 1500px; padding: 24px clamp(12px, 3vw, 32px) 64px; }
h2 { scroll-margin-top: 56px; }
h3 { margin: 16px 0 6px; }
section { margin: 0; }
a { color: var(--completed); }
:focus-visible { outline: 3px solid var(--completed); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -10000px; }
.skip:focus { left: 12px; top: 12px; z-index: 3; background: var(--card); padding: 8px 12px; }
nav { position: sticky; top: 0; z-index: 2; background: var(--ground); border-bottom: 1px solid var(--line);
  overflow-x: auto; white-space: nowrap; }
nav ul { display: flex; gap: 18px; list-style: none; max-width: 1500px; margin: 0 auto;
  padding: 8px clamp(12px, 3vw, 32px); }
nav a { color: var(--ink); text-decoration: none; font-size: 14px; }
nav a:hover { text-decoration: underline; }
.verdict { font-size: 17px; margin: 6px 0 2px; overflow-wrap: anywhere; }
.standing { margin-bottom: 18px; }
.running { border-left: 4px solid var(--running); padding-left: 10px; }
.tiles { margin-bottom: 14px; }
.tiles .card { color: var(--dim); font-size: 13px; overflow-wrap: anywhere; }
.tiles b { color: var(--ink); font-size: clamp(17px, 5vw, 22px); }
.answers { grid-template-columns: 96px minmax(0, 1fr); gap: 10px 18px; }
.answers dt { font-weight: 600; }
.answers p { margin: 0 0 4px; }
pre { margin: 0; overflow-x: auto; background: var(--ground); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 12px; line-height: 1.45; }
pre code { color: var(--ink); }
.card pre { background: var(--ground); }
#environment pre { background: var(--card); margin-bottom: 12px; }
details { margin: 10px 0; }
summary { cursor: pointer; font-weight: 600; }
details > pre, details > ul { margin-top: 8px; }
.controls { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: end; }
[hidden] { display: none !important; }
.controls label { display: grid; font-size: 13px; color: var(--dim); flex: 0 1 auto; min-width: 0; }
.controls label:first-child { flex: 1 1 260px; }
.controls p { flex: 1 1 100%; font-size: 13px; }
input, select { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--dim);
  border-radius: 8px; padding: 6px 10px; min-width: 0; max-width: 100%; }
button { font: inherit; color: inherit; cursor: pointer; }
#more, #clear { background: var(--card); border: 1px solid var(--dim); border-radius: 8px; padding: 6px 14px;
  margin-top: 10px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  position: relative; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 5px 10px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
#leaderboard .scroll { max-height: min(70vh, 620px); overflow: auto; }
#board thead th { position: sticky; top: 0; z-index: 1; box-shadow: inset 0 -1px var(--line); }
#board th, #board td { white-space: nowrap; }
#board td { max-width: 340px; overflow: hidden; text-overflow: ellipsis; }
#board td.number { text-align: right; font-variant-numeric: tabular-nums; }
th { font-weight: 600; color: var(--dim); background: var(--card); }
th button { border: 0; background: none; padding: 0; font: inherit; }
th[aria-sort] button { color: var(--ink); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
#board tbody tr { cursor: pointer; }
#board tbody tr:hover td { background: color-mix(in srgb, var(--completed) 8%, var(--card)); }
#board tr.chosen td { background: color-mix(in srgb, var(--best) 20%, var(--card)); }
.pick { min-width: 44px; border: 1px solid var(--line); border-radius: 6px; background: var(--ground); }
.pick[aria-pressed=true] { border-color: var(--best); color: var(--best); font-weight: 600; }
.status.failed { color: var(--failed); }
.status.pruned, .status.infeasible { color: var(--dim); }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 676px), 1fr)); gap: 14px; }
.panel { min-width: 0; }
.panel .chart { max-width: 900px; margin: 0 auto; }
.answers dd, .told, .standing { max-width: 110ch; }
.panel + .panel { margin: 0; }
section > figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px;
  margin-bottom: 14px; min-width: 0; }
section > figure figcaption { font-weight: 400; font-size: 13px; color: var(--dim); margin: 8px 0 0; }
section > figure h3 { margin-top: 0; }
section > figure .chart { max-width: 900px; margin: 0 auto; }
#model-answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 676px), 1fr)); gap: 0 14px; }
#model-answers > :not(figure) { grid-column: 1 / -1; }
.strips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 14px; }
.strips figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px; }
.strips figcaption { font-weight: 400; font-size: 13px; margin: 6px 0 0; overflow-wrap: anywhere; }
.sharp { image-rendering: pixelated; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 12px; margin: 8px 0; }
.picture { font-size: 12px; line-height: 1.35; overflow-wrap: anywhere; }
.picture img, .picture .none { display: block; width: 100%; aspect-ratio: 1; object-fit: contain;
  background: var(--card); border-radius: 6px; margin-bottom: 4px; }
.picture .none { display: grid; place-items: center; color: var(--dim); }
.good { color: var(--good); }
.bad { color: var(--failed); }
.file { color: var(--dim); }
.warning { border-left: 4px solid var(--warning); padding-left: 10px; }
table.classes td.number { text-align: right; font-variant-numeric: tabular-nums; }
.told { font-size: 13px; margin-top: 8px; }
.choosing .chart [data-trial]:not(.chosen) { opacity: .14; }
.choosing .chart [data-trial].chosen { opacity: 1; }
#chosen { position: fixed; bottom: 14px; left: 50%; transform: translateX(-50%); z-index: 3; display: flex; gap: 14px;
  align-items: center; background: var(--card); border: 1px solid var(--best); border-radius: 10px;
  padding: 8px 14px; box-shadow: 0 4px 18px rgb(0 0 0 / .25); width: max-content;
  max-width: calc(100vw - 24px); }
#clear { margin: 0; }
.finding { border-left: 4px solid var(--failed); margin-top: 12px; }
.finding h3 { margin-top: 0; }
.finding .scroll { margin-top: 8px; }
.finding td { overflow-wrap: anywhere; }
.bars { margin-top: 8px; }
dl + .legend, dl + div { margin-top: 14px; }
img { max-width: 100%; }
.paper { display: none; }
@media (max-width: 560px) {
  .answers, #environment dl, #data dl { grid-template-columns: minmax(0, 1fr); }
  .answers dd + dt { margin-top: 6px; }
  .row { grid-template-columns: 90px minmax(40px, 1fr) auto; }
  h1 { font-size: 22px; }
}
@media print {
  body { background: #fff; font-size: 10.5pt; }
  nav, .controls, #count, #more, #chosen, .skip { display: none !important; }
  main { max-width: none; padding: 0; }
  .card, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll, #leaderboard .scroll { overflow: visible; border: 0; max-height: none; }
  #board thead th { position: static; }
  table { font-size: 8pt; }
  th, td { padding: 2px 4px; }
  #board th, #board td { white-space: normal; max-width: none; overflow-wrap: anywhere; }
  #board .aside, #board .metric { display: none; }
  #board tbody tr:nth-child(n + 41) { display: none; }
  .panels, #model-answers { grid-template-columns: 1fr; }
  .chart { max-width: 620px !important; }
  .paper { display: block; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
"""

_PAPER = """
@media print { :root { color-scheme: light; --ground: #fff; --card: #fff; --ink: #1c2330; --dim: #5b6472;
  --line: #d5dae2; --train: #3b6fd4; --validation: #e0912f; --test: #3a9a6b; } }
"""
"""On paper it is light, whatever the system says."""

STYLE = HOUSE + page_style() + _OWN + _PAPER
