package stats

// pageStyle is the page's look. The class names of rows (active_up, maintain,
// frontend, …) are known to tools that read the page; the rest is ours.
const pageStyle = `
body{font:12px/1.35 Arial,Helvetica,sans-serif;color:#111;background:#fff;margin:8px}
h1{font-size:20px;margin:0 0 4px}h2{font-size:15px;margin:0 0 4px}h3{font-size:13px;margin:8px 0 4px}
a{color:inherit}table{border-collapse:collapse}
table.box td{vertical-align:top;padding:2px 10px 2px 0}
table.tbl{margin:0 0 14px;width:100%}
table.tbl th,table.tbl td{border:1px solid #999;padding:1px 4px;font-size:10px;white-space:nowrap}
table.tbl td{text-align:right}table.tbl td.ac{text-align:center}
table.tbl caption{text-align:left;padding:2px 0}
caption .px{background:#046a3d;color:#fff;font-weight:bold;font-size:13px;padding:2px 12px;text-decoration:none}
caption .desc{margin-left:10px;font-style:italic}
tr.titre th{background:#1f8f9f;color:#fff}
td.k{width:14px;padding:0 8px!important}
table.lgd td{font-size:10px;padding:1px 6px;border:1px solid #999}
table.lgd td.noborder{border:0;background:none}
i{font-style:normal;margin-left:.18em}
u{text-decoration:none;border-bottom:1px dotted #333;cursor:help;position:relative}
.tips{display:none;position:absolute;z-index:9;left:0;top:1.4em;text-align:left;white-space:nowrap;background:#fffff4;color:#111;border:1px solid #555;padding:3px 5px;box-shadow:1px 2px 5px #0006;font-weight:normal}
td:nth-last-child(-n+14)>u>.tips{left:auto;right:0}
u:hover>.tips,u:focus>.tips{display:block}
.tips table.det th{text-align:left;font-weight:normal;border:0;background:none;padding:0 8px 0 0}
.tips table.det td{border:0;padding:0 3px;background:none}
.frontend,.backend{background:#e6e4d4}.socket{background:#ccd6ec}
.active_up{background:#bdf5b0}.backup_up{background:#a9ceff}
.active_going_down{background:#ffef9c}.backup_going_down{background:#d9b3ff}
.active_going_up{background:#ffcf87}.backup_going_up{background:#ffa4ef}
.active_down,.backup_down{background:#ff8f8f}
.active_nolb,.backup_nolb{background:#37c3ff}
.active_draining,.backup_draining{background:#37b5ff}
.active_no_check,.backup_no_check{background:#e2e2e2}
.backend b{color:#d00}
.maintain{background:#c59150}
.msg{display:inline-block;border:1px solid #555;padding:4px 10px;margin:6px 0}
`

// pageLegend explains the colours.
const pageLegend = `<table class="lgd">
<tr><td class="active_up k"></td><td class="noborder">active UP</td><td class="backup_up k"></td><td class="noborder">backup UP</td></tr>
<tr><td class="active_going_down k"></td><td class="noborder">active UP, going down</td><td class="backup_going_down k"></td><td class="noborder">backup UP, going down</td></tr>
<tr><td class="active_going_up k"></td><td class="noborder">active DOWN, going up</td><td class="backup_going_up k"></td><td class="noborder">backup DOWN, going up</td></tr>
<tr><td class="active_down k"></td><td class="noborder">active or backup DOWN</td><td class="active_no_check k"></td><td class="noborder">not checked</td></tr>
<tr><td class="maintain k"></td><td class="noborder">in maintenance (MAINT)</td><td class="active_draining k"></td><td class="noborder">soft-stopped (DRAIN)</td></tr>
</table>
<small>NOLB and DRAIN: UP, but without load balancing.</small>`

// pageHead is the two header lines of every table, after the optional
// check-all box.
const pageHead = `<th rowspan="2"></th><th colspan="3">Queue</th><th colspan="3">Session rate</th><th colspan="6">Sessions</th><th colspan="2">Bytes</th><th colspan="2">Denied</th><th colspan="3">Errors</th><th colspan="2">Warnings</th><th colspan="9">Server</th>`

const pageSubHead = `<th>Cur</th><th>Max</th><th>Limit</th><th>Cur</th><th>Max</th><th>Limit</th><th>Cur</th><th>Max</th><th>Limit</th><th>Total</th><th>LbTot</th><th>Last</th><th>In</th><th>Out</th><th>Req</th><th>Resp</th><th>Req</th><th>Conn</th><th>Resp</th><th>Retr</th><th>Redis</th><th>Status</th><th>LastChk</th><th>Wght</th><th>Act</th><th>Bck</th><th>Chk</th><th>Dwn</th><th>Dwntme</th><th>Thrtle</th>`

// rowClass returns the colour class of a row.
func rowClass(r *Row) string {
	switch r.Kind {
	case KindFrontend:
		return "frontend"
	case KindBackend:
		return "backend"
	case KindListener:
		return "socket"
	}
	side := "active_"
	if r.Backup > 0 {
		side = "backup_"
	}
	switch r.State {
	case Down, DownAgent:
		return side + "down"
	case GoingUp:
		return side + "going_up"
	case GoingDown:
		return side + "going_down"
	case NoLB, NoLBGoing:
		return side + "nolb"
	case Drain, DrainGoing:
		return side + "draining"
	case NoCheck:
		return side + "no_check"
	case Maint, MaintVia, MaintResolve:
		return "maintain"
	}
	// An agent that sets the weight to nothing leaves the server up but
	// without new traffic: show it as draining.
	if r.Weight == 0 {
		return side + "draining"
	}
	return side + "up"
}
