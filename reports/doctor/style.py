"""How the page looks, in light and in dark; `HOUSE` is what it has in common with the page of a run."""

HOUSE = """
:root { color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #1c2330; --dim: #667085; --line: #e2e6ec;
  --train: #3b6fd4; --validation: #e0912f; --test: #3a9a6b;
  --error: #d03a3a; --warning: #c98a00; --note: #4c8bbf; --good: #2e8b57; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #12161d; --card: #1b212b; --ink: #e6eaf0; --dim: #98a2b3; --line: #2d3643;
  --train: #6f9bf0; --validation: #f0ae57; --test: #5fc493;
  --error: #f07070; --warning: #e8b445; --note: #7fb6e6; --good: #5fc493; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 12px; }
h3 { font-size: 16px; margin: 0; }
p { margin: 4px 0; }
code { font: 13px ui-monospace, monospace; color: var(--dim); }
.dim { color: var(--dim); }
.verdict { font-weight: 600; margin: 6px 0 20px; }
.verdict.good { color: var(--good); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.tiles b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.row { display: grid; grid-template-columns: minmax(80px, 180px) 1fr minmax(60px, auto); gap: 12px;
  align-items: center; padding: 2px 0; }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar { display: flex; height: 14px; background: var(--ground); border-radius: 4px; overflow: hidden; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
i.train, i.validation, i.test { display: inline-block; height: 14px; background: var(--train); }
i.validation { background: var(--validation); }
i.test { background: var(--test); }
.legend span { margin-right: 16px; }
.legend i { width: 14px; margin-right: 6px; border-radius: 3px; vertical-align: -2px; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 20px 40px; }
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: 8px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 16px; margin: 0; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--dim); font-size: 13px; }
.finding { margin-top: 12px; }
.finding.note { border-left: 4px solid var(--note); }
.finding.warning { border-left: 4px solid var(--warning); padding-left: 18px; }
.finding.error { border-left: 4px solid var(--error); }
.badge { font-size: 12px; font-weight: 600; color: var(--note); text-transform: uppercase; letter-spacing: .04em; }
.error > .badge { color: var(--error); }
.warning > .badge { color: var(--warning); }
.names { margin: 10px 0 0; padding: 0 0 0 18px; font-size: 13px; overflow-wrap: anywhere; }
"""

STYLE = (
    HOUSE
    + """
svg { display: block; width: 100%; height: 110px; border-bottom: 1px solid var(--line); }
rect { fill: var(--train); }
.axis { display: flex; justify-content: space-between; color: var(--dim); font-size: 13px; }
.two + dl { margin-top: 14px; }
.pictures, .set { display: flex; flex-wrap: wrap; gap: 10px; }
.pictures { margin-top: 12px; }
.set { border: 1px solid var(--line); border-radius: 8px; padding: 8px; }
.picture { width: 120px; font-size: 12px; line-height: 1.35; overflow-wrap: anywhere; }
.picture img, .picture .none { display: block; width: 120px; height: 120px; object-fit: contain;
  background: var(--ground); border-radius: 6px; margin-bottom: 4px; }
.picture .none { display: grid; place-items: center; color: var(--dim); }
.chip { display: inline-block; padding: 0 6px; border-radius: 8px; background: var(--ground); font-weight: 600; }
.strip { display: grid; grid-template-columns: minmax(80px, 140px) 1fr; gap: 12px; align-items: center;
  padding: 4px 0; }
.strip div { display: flex; gap: 6px; overflow: hidden; }
.strip img { width: 88px; height: 88px; object-fit: cover; border-radius: 6px; }
"""
)
