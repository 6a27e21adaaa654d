package stats

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testPage(rows []Row) *Page {
	return &Page{URI: "/stats", Product: "HAProxy", Version: "3.5", Node: "lb1", Legends: true, Modules: true,
		Admin: true, Refresh: 10, Info: &Info{}, Rows: rows, Query: PageQuery{Format: "html"}}
}

// wellFormed reads HTML with the XML parser after closing the void elements:
// every tag that opens must close in order.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	_, body, ok := strings.Cut(page, "</style>")
	if !ok {
		t.Fatal("no style")
	}
	body = strings.ReplaceAll(body, "e=>e", "e=&gt;e")
	body = regexp.MustCompile(`<(input|br|link|meta)([^>]*)>`).ReplaceAllString(body, "<$1$2/>")
	d := xml.NewDecoder(strings.NewReader("<html><head>" + body))
	d.Strict = true
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			line, col := d.InputPos()
			lines := strings.Split("<html><head>"+body, "\n")
			t.Fatalf("%v near %.200q", err, lines[line-1][max(0, col-100):])
		}
	}
}

func TestHTMLWellFormed(t *testing.T) {
	t.Parallel()
	rows := oracleRows(t)
	for _, change := range []func(*Page){
		func(*Page) {},
		func(p *Page) { p.Admin, p.Modules, p.Legends, p.Refresh = false, false, false, 0 },
		func(p *Page) { p.Query = ParsePageQuery(";up;norefresh;st=DONE?scope=be") },
		func(p *Page) { p.Rows, p.Info, p.Version, p.Node = nil, nil, "", "" },
	} {
		p := testPage(rows)
		change(p)
		wellFormed(t, string(p.HTML()))
	}
}

// TestHTMLColumns checks that every row spans as many columns as the header.
func TestHTMLColumns(t *testing.T) {
	t.Parallel()
	tips := regexp.MustCompile(`<span class="tips">.*?</span>`)
	cells := regexp.MustCompile(`<t[dh](?: class="ac")?(?: colspan="(\d)")?>`)
	width := func(row string) int {
		n := 0
		for _, m := range cells.FindAllStringSubmatch(row, -1) {
			n++
			if m[1] != "" {
				n += int(m[1][0]-'0') - 1
			}
		}
		return n
	}
	for _, c := range []struct {
		admin, modules bool
		want           int
	}{{false, false, 31}, {true, false, 32}, {true, true, 35}} {
		p := testPage(oracleRows(t))
		p.Admin, p.Modules = c.admin, c.modules
		lines := strings.Split(tips.ReplaceAllString(string(p.HTML()), ""), "\n")
		rows := 0
		for _, l := range lines {
			if strings.HasPrefix(l, `<tr class="`) && !strings.HasPrefix(l, `<tr class="titre`) {
				rows++
				if got := width(l); got != c.want {
					t.Errorf("%+v: %d columns in %.150s", c, got, l)
				}
			}
		}
		if rows != 27 {
			t.Errorf("%d rows", rows)
		}
	}
}

func TestHTMLEscapes(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert('1')</script>&amp`
	check := CheckInfo{Enabled: true, Status: evil, Desc: evil, Output: evil}
	var rows []Row
	for _, k := range []Kind{KindFrontend, KindListener, KindServer, KindBackend} {
		rows = append(rows, Row{Kind: k, Proxy: evil, Name: evil, Mode: evil, Desc: evil, Status: evil, Tracked: evil,
			Addr: evil, Cookie: evil, Algo: evil, Proto: evil, Check: check, HTTP: true, ProxyID: 1})
	}
	p := testPage(rows)
	p.URI, p.Product, p.Version, p.Node, p.Desc = "/"+evil, evil, evil, evil, evil
	p.Query.Result, p.Query.Scope = evil, ""
	page := string(p.HTML())
	p.Query.Scope = evil
	page += string(p.HTML())
	if strings.Contains(page, "<script") || strings.Contains(page, "alert('1')") {
		t.Error("text from outside reached the page unescaped")
	}
	if n := strings.Count(page, "&lt;script&gt;"); n < 15 {
		t.Errorf("escaped %d times only", n)
	}
	wellFormed(t, string(p.HTML()))
}

func TestHTMLColours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r    Row
		want string
	}{
		{Row{Kind: KindFrontend}, "frontend"},
		{Row{Kind: KindBackend}, "backend"},
		{Row{Kind: KindListener}, "socket"},
		{Row{Kind: KindServer, State: Up, Weight: 1}, "active_up"},
		{Row{Kind: KindServer, State: Up}, "active_draining"},
		{Row{Kind: KindServer, State: Up, Weight: 1, Backup: 1}, "backup_up"},
		{Row{Kind: KindServer, State: GoingUp}, "active_going_up"},
		{Row{Kind: KindServer, State: GoingDown, Backup: 1}, "backup_going_down"},
		{Row{Kind: KindServer, State: DownAgent}, "active_down"},
		{Row{Kind: KindServer, State: NoLBGoing}, "active_nolb"},
		{Row{Kind: KindServer, State: Drain}, "active_draining"},
		{Row{Kind: KindServer, State: NoCheck}, "active_no_check"},
		{Row{Kind: KindServer, State: MaintResolve, Backup: 1}, "maintain"},
	} {
		got := rowClass(&c.r)
		if got != c.want {
			t.Errorf("%+v: %s, want %s", c.r.State, got, c.want)
		}
		if !strings.Contains(pageStyle, "."+got+"{") && !strings.Contains(pageStyle, "."+got+",") {
			t.Errorf("class %s has no style", got)
		}
	}
}

func TestHTMLAdmin(t *testing.T) {
	t.Parallel()
	p := testPage(oracleRows(t))
	page := string(p.HTML())
	for _, want := range []string{
		`<input type="checkbox" name="s" value="up1">`, `<select name="action">`, `<option value="ready">`,
		`<option value="shutdown">`, `<input type="hidden" name="b" value="#4">`, `<form method="post">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if got, want := strings.Count(page, `<form method="post">`), 4; got != want { // stk has no servers
		t.Errorf("%d forms, want %d", got, want)
	}
	p.Admin = false
	if page := string(p.HTML()); strings.Contains(page, "post") || strings.Contains(page, "checkbox") {
		t.Error("a visitor gets the administrator's form")
	}
}

func TestHTMLOptions(t *testing.T) {
	t.Parallel()
	links := func(p *Page) []string {
		var out []string
		for _, m := range regexp.MustCompile(`<li><a href="([^"]*)">`).FindAllStringSubmatch(string(p.HTML()), -1) {
			out = append(out, m[1])
		}
		return out
	}
	p := testPage(nil)
	if d := cmp.Diff([]string{"/stats;up", "/stats;norefresh", "/stats", "/stats;csv;norefresh",
		"/stats;json;norefresh", "/stats;json-schema"}, links(p)); d != "" {
		t.Error(d)
	}
	if !strings.Contains(string(p.HTML()), `http-equiv="refresh" content="10"`) {
		t.Error("no refresh")
	}
	p.Query = ParsePageQuery(";up;norefresh?scope=a%26b")
	if d := cmp.Diff([]string{"/stats;norefresh?scope=a%26b", "/stats;up?scope=a%26b", "/stats;up;norefresh?scope=a%26b",
		"/stats;csv;norefresh?scope=a%26b", "/stats;json;norefresh?scope=a%26b", "/stats;json-schema?scope=a%26b"}, links(p)); d != "" {
		t.Error(d)
	}
	if strings.Contains(string(p.HTML()), "http-equiv") {
		t.Error("refresh although switched off")
	}
	p.Query, p.Refresh = PageQuery{}, 0
	if d := cmp.Diff([]string{"/stats;up", "/stats", "/stats;csv", "/stats;json", "/stats;json-schema"}, links(p)); d != "" {
		t.Error(d)
	}
}

func TestParsePageQuery(t *testing.T) {
	t.Parallel()
	for rest, want := range map[string]PageQuery{
		"":                                  {Format: "html"},
		";csv":                              {Format: "csv"},
		";json;norefresh?scope=be":          {Format: "json", NoRefresh: true, Scope: "be"},
		";typed;up;no-maint":                {Format: "typed", HideDown: true, HideMaint: true},
		";st=DENY;up":                       {Format: "html", HideDown: true, Result: "DENY"},
		"?scope=a+b":                        {Format: "html", Scope: "a b"},
		"?scope=%zz":                        {Format: "html"},
		"?scope=" + strings.Repeat("x", 30): {Format: "html", Scope: strings.Repeat("x", 20)},
		";bogus;;json-schema":               {Format: "json-schema"},
		"?;csv;scope=b1":                    {Format: "csv", Scope: "b1"},
		";csv?scope=b1&up":                  {Format: "csv", Scope: "b1", HideDown: true},
	} {
		if d := cmp.Diff(want, ParsePageQuery(rest)); d != "" {
			t.Errorf("%q: %s", rest, d)
		}
	}
}

func TestHTMLResult(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"DONE": "active_up", "NONE": "active_going_down", "PART": "active_going_down",
		"ERRP": "active_down", "EXCD": "active_down", "DENY": "active_down", "UNKN": "active_no_check"} {
		p := testPage(nil)
		p.Query.Result = code
		if !strings.Contains(string(p.HTML()), `<div class="msg `+want+`"><a href="/stats"`) {
			t.Errorf("%s: no %s message", code, want)
		}
	}
	p := testPage(nil)
	if strings.Contains(string(p.HTML()), "[X]") {
		t.Error("a message without a result")
	}
}

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1<i>000</i>", 100200: "100<i>200</i>", 1234567: "1<i>234</i><i>567</i>"} {
		if got := number(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0s", 59: "59s", 86: "1m26s", 3720: "1h2m", 90000: "1d1h"} {
		if got := age(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[uint64]string{12: "12.000 bps", 7147000: "7.147 Mbps", 5_000_000_000: "5.000 Gbps"} {
		if got := bitRate(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestParseAdminForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]AdminForm{
		"s=a&s=b&action=maint&b=%234": {Servers: []string{"a", "b"}, Action: "maint", Backend: "#4"},
		"action=ready&b=be1&s=x%2By":  {Servers: []string{"x+y"}, Action: "ready", Backend: "be1"},
		"s=a&action=drain&b=be1&z=1":  {Servers: []string{"a"}, Action: "drain", Backend: "be1"},
	} {
		got, err := ParseAdminForm(body)
		if err != nil {
			t.Errorf("%q: %v", body, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", body, d)
		}
	}
	for _, bad := range []string{"", "s=a", "s=a&b=x", "s=a&action=bogus&b=x", "s=a&action=&b=x", "s=%zz&action=ready&b=x",
		"action=ready&s=a&b=", "action=ready&s=&b=x", "s=" + strings.Repeat("a", 400) + "&action=ready&b=x"} {
		if _, err := ParseAdminForm(bad); err == nil {
			t.Errorf("%.40q accepted", bad)
		}
	}
}
