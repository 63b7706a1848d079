/** The one style sheet of the report: light and dark by the reader's system, a phone, and paper. */
export const STYLE = `:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#5a6675;--line:#dde2e8;--track:#edf0f4;--opened:#c2571a;--closed:#1f7a6d;--backlog:#3d5a99;--warn-bg:#fff4e5;--warn:#8a4b00;--good:#1f6e4f}
@media (prefers-color-scheme:dark){:root{--bg:#14181f;--card:#1d232c;--ink:#e7ebf0;--soft:#a2adba;--line:#343d49;--track:#2a323d;--opened:#f0935a;--closed:#4fc3ae;--backlog:#8fadf0;--warn-bg:#3a2c17;--warn:#ffc67d;--good:#6fd6a8}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:960px;margin:0 auto;padding:32px 20px 48px}
header{margin-bottom:20px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}
h2{font-size:18px;margin:0 0 2px}
h3{font-size:14px;margin:0 0 6px}
p{margin:0}
.meta,.hint,footer{color:var(--soft);font-size:13px}
.hint{margin-bottom:12px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-top:16px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:0}
.cards>div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;min-width:0}
.cards dt{color:var(--soft);font-size:13px}
.cards dd{margin:0}
.cards .figure{font-size:25px;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums;white-space:nowrap}
.cards .note{color:var(--soft);font-size:12.5px}
.cards>.alarm .figure{color:var(--opened)}
table{border-collapse:collapse;width:100%;font-size:13.5px}
caption{text-align:left;font-weight:600;padding-bottom:4px}
th{text-align:left;font-weight:600;color:var(--soft);font-size:12.5px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
tbody tr:last-child>*{border-bottom:0}
tbody th{color:var(--ink);font-size:13.5px;font-weight:500}
table.open-list{table-layout:fixed}
.open-list th,.open-list td,.free{overflow-wrap:anywhere}
.open-list thead th:nth-child(1){width:6.5%}.open-list thead th:nth-child(2){width:14%}.open-list thead th:nth-child(3){width:18%}.open-list thead th:nth-child(4){width:15.5%}.open-list thead th:nth-child(7){width:11%}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
th.n+th:not(.n),td.n+td:not(.n,.b){padding-left:14px}
thead th::first-letter{text-transform:uppercase}
code{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.groups{display:grid;grid-template-columns:repeat(auto-fit,minmax(270px,1fr));gap:22px 32px}
.groups td.n{width:1%}
.groups td.b{width:34%;padding-top:12px}
svg.bar{display:block;width:100%;height:8px}
.track{fill:var(--track)}
.fill{fill:var(--backlog)}
svg.chart{display:block;width:100%;height:auto}
svg.chart text{fill:var(--soft);font:12px system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
.grid{stroke:var(--line);stroke-width:1}
rect.opened,i.opened{fill:var(--opened);background:var(--opened)}
rect.closed,i.closed{fill:var(--closed);background:var(--closed)}
polyline.backlog{fill:none;stroke:var(--backlog);stroke-width:2;stroke-linejoin:round}
circle.backlog{fill:var(--card);stroke:var(--backlog);stroke-width:2}
.range{stroke:var(--soft);stroke-width:2}
circle.p50,i.p50{fill:var(--closed);background:var(--closed)}
circle.p95,i.p95{fill:var(--opened);background:var(--opened)}
i.backlog{background:var(--backlog);height:3px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;padding:0;list-style:none;font-size:13px;color:var(--soft)}
.legend i{display:inline-block;width:14px;height:10px;border-radius:2px;margin-right:6px}
.legend i.backlog{height:3px;vertical-align:4px}
.narrow{display:none}
table.open-list td.n{white-space:normal}
.chart+table,.legend+table{margin-top:14px}
details{margin-top:10px;font-size:13px}
summary{cursor:pointer;color:var(--soft)}
.empty{color:var(--soft)}
.tag{display:inline-block;border-radius:20px;padding:0 8px;font-size:12px;background:var(--track);color:var(--soft)}
.tag.warn{background:var(--warn-bg);color:var(--warn)}
.tag.good{color:var(--good)}
.ids{color:var(--soft);font-size:12.5px}
.good{color:var(--good)}
footer{margin-top:20px}.gap{height:14px}
@media (max-width:640px){
main{padding:20px 12px 32px}
h1{font-size:22px}
section{padding:14px}
.cards{grid-template-columns:1fr 1fr}
.wide{display:none}.narrow{display:block}
thead th.n{white-space:normal}
table.stack,table.stack tbody,table.stack tr,table.stack td,table.stack th{display:block;width:auto}
table.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.stack tr{border-bottom:1px solid var(--line);padding:8px 0}
table.stack tbody tr:last-child{border-bottom:0}
table.stack td:empty,table.stack td.void{display:none}
table.stack td,table.stack tbody th,table.stack td.n+td:not(.n){border:0;padding:1px 0;display:grid;grid-template-columns:42% 1fr;gap:8px;text-align:left;white-space:normal}
table.stack [data-label]::before{content:attr(data-label);color:var(--soft);font-size:12.5px;font-weight:400}
}
@page{margin:14mm}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--track:#eee;--opened:#b24a10;--closed:#176356;--backlog:#2f4a86;--warn-bg:#fff;--warn:#7a3f00;--good:#155a3e}
body{font-size:11px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:10px 0 4px;margin-top:10px}
.cards{grid-template-columns:repeat(6,1fr);gap:6px}
.cards>div{padding:6px 8px;border-radius:4px}
.cards .figure{font-size:17px}
.cards .note,.cards dt,.hint,.meta,.ids,footer,th{font-size:9.5px}
h1{font-size:19px}h2{font-size:14px}h3,caption{font-size:11px}
code{font-size:10px}.tag,.legend{font-size:9.5px}.groups td.b{padding-top:7px}svg.bar{height:6px}svg.chart{max-height:52mm}
table,tbody th{font-size:10.5px}th,td{padding:3px 8px 3px 0}
.groups{grid-template-columns:1fr 1fr 1fr;gap:12px 24px}
.wide{display:block}.narrow{display:none}
details{display:none}
h2,h3,.hint{break-after:avoid}
tr,.chart,.cards>div,.groups>div{break-inside:avoid}
thead{display:table-header-group}
}`;
