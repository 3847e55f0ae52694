/* page.c: the frame every HTML page shares: head, colours for light, dark and paper, a search box and sorting where JavaScript is allowed. */
#include "report/report.h"
#include "report/report_int.h"

static const char style[] =
    ":root{--bg:#fff;--fg:#1c1e21;--soft:#5a6068;--line:#d5d9de;--card:#f6f7f9;--accent:#0b57a4;--crit:#b3261e;--warn:#8a5300;--note:#3d5a80;--ok:#1b6e3c}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e6e8ea;--soft:#a3abb5;--line:#363c44;--card:#1e2227;--accent:#7fb4f0;--crit:#ff8a80;"
    "--warn:#f5b75c;--note:#9dbbe0;--ok:#7fd09b}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1.2rem;max-width:76rem;background:var(--bg);color:var(--fg);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI','Noto Sans','Noto Sans CJK SC',sans-serif}\n"
    "h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.2rem;margin:1.8rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1rem 0 .3rem}\n"
    "p{max-width:48rem}.soft,figcaption,footer{color:var(--soft);font-size:.88rem}a{color:var(--accent)}\n"
    ".cards{display:flex;flex-wrap:wrap;gap:.7rem;padding:0;list-style:none}.cards li{background:var(--card);border:1px solid var(--line);"
    "border-radius:.5rem;padding:.5rem .9rem;min-width:7rem}.cards b{display:block;font-size:1.3rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;"
    "border-bottom:1px solid var(--line)}th{position:sticky;top:0;background:var(--bg)}th[data-sort]{cursor:pointer}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums}td.n{white-space:nowrap}\n"
    ".level{font-weight:600;white-space:nowrap}.critical{color:var(--crit)}.warning{color:var(--warn)}.notice{color:var(--note)}\n"
    "ul.reasons{margin:0;padding-left:1.1rem}.code{color:var(--soft);font-size:.8rem}td.entity{overflow-wrap:anywhere;min-width:7.5rem;font-weight:600}\n"
    ".evidence{overflow-wrap:anywhere}details summary{cursor:pointer;color:var(--accent)}figure{margin:.5rem 0}svg text{fill:var(--soft);font-size:11px}\n"
    "svg.wide{width:100%;max-width:640px;height:auto}.axis,.ideal{fill:none;stroke:var(--line)}.ideal{stroke-dasharray:4 3}.dot{fill:var(--accent)}\n"
    ".line{fill:none;stroke:var(--accent);stroke-width:1.5}.forecast{stroke:var(--warn);stroke-dasharray:3 2}.s1{stroke:var(--crit)}.s2{stroke:var(--ok)}"
    ".s3{stroke:var(--warn)}\n"
    ".key{margin-right:1rem}.key::before{content:'';display:inline-block;width:1rem;height:.2rem;margin-right:.3rem;vertical-align:middle;background:var(--accent)}"
    ".key.s1::before{background:var(--crit)}.key.s2::before{background:var(--ok)}.key.s3::before{background:var(--warn)}\n"
    "input[type=search]{font:inherit;padding:.3rem .6rem;border:1px solid var(--soft);border-radius:.4rem;background:var(--bg);color:inherit;width:min(24rem,100%)}\n"
    "@media(max-width:44rem){table.cardy,table.cardy tbody,table.cardy tr,table.cardy td{display:block;width:100%}table.cardy thead{display:none}"
    "table.cardy tr{border:1px solid var(--line);border-radius:.5rem;margin:.6rem 0;padding:.3rem}table.cardy td{border:0;padding:.15rem .5rem;text-align:left}}\n"
    "@media print{body{max-width:none;font-size:11px}input,script{display:none}details[open]>*{display:block}tr{break-inside:avoid}}\n";

/* Search and sort; without it the page is complete, only fixed in order. */
static const char script[] =
    "document.querySelectorAll('table.cardy').forEach(function(t){\n"
    "var rows=[].slice.call(t.tBodies[0].rows),box=document.createElement('input');box.type='search';box.placeholder='search in this table';"
    "box.setAttribute('aria-label','search in this table');t.parentNode.parentNode.insertBefore(box,t.parentNode);\n"
    "box.oninput=function(){var q=box.value.toLowerCase();rows.forEach(function(r){r.hidden=q&&r.textContent.toLowerCase().indexOf(q)<0})};\n"
    "[].forEach.call(t.tHead.rows[0].cells,function(h,i){if(!h.hasAttribute('data-sort'))return;var down=1;h.tabIndex=0;h.setAttribute('role','button');\n"
    "h.onclick=function(){down=-down;rows.sort(function(a,b){var x=a.cells[i].getAttribute('data-v')||a.cells[i].textContent,"
    "y=b.cells[i].getAttribute('data-v')||b.cells[i].textContent,n=x-y;return down*(isNaN(n)?x<y?-1:x>y?1:0:n)});"
    "rows.forEach(function(r){t.tBodies[0].appendChild(r)})};h.onkeydown=function(e){if(e.key==='Enter')h.onclick()}})});\n";

void rep_esc(toc_out *out, const char *text)
{
    size_t n;
    bool shown;

    for (; *text; text += n) {
        n = rep_character(text, &shown);
        switch (*text) {
        case '&': toc_out_str(out, "&amp;"); break;
        case '<': toc_out_str(out, "&lt;"); break;
        case '>': toc_out_str(out, "&gt;"); break;
        case '"': toc_out_str(out, "&quot;"); break;
        case '\'': toc_out_str(out, "&#39;"); break;
        case '\n':
        case '\t': toc_out_write(out, text, 1); break;
        default: toc_out_write(out, shown ? text : "?", shown ? n : 1);
        }
    }
}

void rep_page_open(toc_ctx *ctx, toc_out *out, const char *title)
{
    (void)ctx;
    toc_out_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>");
    rep_esc(out, title);
    toc_out_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void rep_page_close(toc_ctx *ctx, toc_out *out)
{
    rep_page_end(ctx, out, "Money is in the currency of the orders. A level says how soon to act: critical first.");
}

void rep_page_end(toc_ctx *ctx, toc_out *out, const char *note)
{
    char at[32];

    toc_out_printf(out, "<footer><p>%s", note);
    if (!ctx->no_stamp) {
        at[toc_format_time(ctx->now, at)] = 0;
        toc_out_printf(out, " Written by tocsin " TOC_VERSION " at %s.", at);
    }
    toc_out_printf(out, "</p></footer>\n<script>\n%s</script>\n</body>\n</html>\n", script);
}
