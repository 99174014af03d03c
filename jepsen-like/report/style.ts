// Colours and type of the report, light and dark by what the reader's system prefers.

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f7f8fa; --card: #ffffff; --text: #1b2430; --quiet: #5d6b7c; --line: #dfe4ea;
  --ok: #2f7fd1; --fail: #9aa5b1; --info: #e08a1e; --bad: #c73a3a; --good: #1f8a57;
  --unsure: #a06a00;
  --leader: #1f8a57; --leader-text: #ffffff; --band: #c73a3a14; --hit: #c73a3a59;
  --track: #cfd6de;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --text: #e4e9f0; --quiet: #97a4b3; --line: #2c3541;
    --ok: #5aa5f2; --fail: #6b7785; --info: #f0a63f; --bad: #f07171; --good: #4cc38a;
  --unsure: #e2b04a;
    --leader: #37a573; --leader-text: #06140d; --band: #f071711f; --hit: #f0717166;
  --track: #384350;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 1200px; margin: 0 auto; padding: 28px 20px 60px }
h1 { font-size: 24px; margin: 0 0 4px; letter-spacing: -0.01em }
h2 { font-size: 16px; margin: 0 0 12px }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 18px;
  margin-bottom: 20px }
header p { margin: 0; color: var(--quiet) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin-bottom: 18px; overflow-x: auto }
.verdict { font-weight: 650; padding: 5px 14px; border-radius: 999px; border: 1.5px solid;
  white-space: nowrap }
.verdict.pass, td.pass { color: var(--good) }
.verdict.fail, td.fail { color: var(--bad) }
.verdict.unsure, td.unsure { color: var(--unsure) }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: 13px }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
tr:last-child td { border-bottom: 0 }
td.pass, td.fail, td.unsure { font-weight: 600; white-space: nowrap }
td:first-child { white-space: nowrap }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap }
figure { margin: 0 }
svg { display: block; width: 100%; min-width: 720px; height: auto }
svg text { fill: var(--text); font-size: 11.5px }
svg text.axis, svg text.lane { fill: var(--quiet) }
svg text.fault-name { font-size: 10.5px; fill: var(--bad) }
svg text.term { fill: var(--leader-text); font-size: 10.5px; font-weight: 600 }
svg text.term.outside { fill: var(--leader) }
.grid { stroke: var(--line); stroke-width: 1 }
rect.band { fill: var(--band) } rect.hit { fill: var(--hit) } rect.track { fill: var(--track) }
rect.leader { fill: var(--leader) }
rect.ok, circle.ok { fill: var(--ok) } rect.fail, circle.fail { fill: var(--fail) }
rect.info, circle.info { fill: var(--info) }
circle { fill-opacity: .65 }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0;
  list-style: none;
  color: var(--quiet); font-size: 13px }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px;
  margin-right: 6px }
.note { color: var(--quiet); font-size: 13px; margin: 10px 0 0 }
.operations { font: 13px/1.6 ui-monospace, "DejaVu Sans Mono", monospace; padding-left: 28px;
  overflow-wrap: anywhere }
`
