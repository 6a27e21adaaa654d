package stats

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCSVQuoting(t *testing.T) {
	t.Parallel()
	odd := []string{`plain`, `a,b`, `say "hi"`, "two\nlines", `tail"`, `;|'`}
	var rows []Row
	for _, s := range odd {
		rows = append(rows, Row{Kind: KindServer, Proxy: "p", Name: s, Status: s, Check: CheckInfo{
			Enabled: true, Status: "L7STS", Desc: s, Output: s}, IdleLimit: -1})
	}
	r := csv.NewReader(strings.NewReader(string(CSV(rows))))
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range odd {
		rec := records[i+1]
		if len(rec) != int(NumColumns)+2 { // "-" and the empty end
			t.Fatalf("%q: %d fields", s, len(rec))
		}
		for _, c := range []Col{ColSvname, ColStatus, ColLastChk, ColCheckDesc} {
			if rec[c] != s {
				t.Errorf("%s = %q, want %q", columns[c].Name, rec[c], s)
			}
		}
	}
	if got := string(appendCSVString(nil, `b,<x>`)); got != `"b,<x>"` {
		t.Errorf("got %s", got)
	}
}

func TestTypedDescription(t *testing.T) {
	t.Parallel()
	rows := []Row{{Kind: KindListener, Proxy: "fe", Name: "l", ProxyID: 3, ID: 1, Status: "OPEN"}}
	got := strings.Split(string(Typed(rows, true)), "\n")
	if want := `L.3.1.0.pxname.1:KNSV:str:fe:"Name of the proxy"`; got[0] != want {
		t.Errorf("got %s, want %s", got[0], want)
	}
	if s := string((&Info{Name: "HAProxy"}).AppendTyped(nil, true)); !strings.HasPrefix(s, `0.Name.1:POSV:str:HAProxy:"Product name"`+"\n") {
		t.Errorf("got %.60s", s)
	}
	if s := string((&Info{Name: "HAProxy"}).AppendText(nil, true)); !strings.HasPrefix(s, `Name: HAProxy:"Product name"`+"\n") {
		t.Errorf("got %.60s", s)
	}
}

func TestJSONIsValid(t *testing.T) {
	t.Parallel()
	name := "a\"b\\c\x01\x7f\xff<é>\n"
	rows := []Row{{Kind: KindBackend, Proxy: name, Name: "BACKEND", Status: "UP"}, {Kind: KindFrontend, Proxy: "x"}}
	var got [][]struct {
		ObjType string
		Field   struct{ Name string }
		Value   struct{ Value any }
	}
	if err := json.Unmarshal(JSON(rows), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0][0].Value.Value != "a\"b\\c\x01\x7f�<é>\n" || got[1][0].ObjType != "Frontend" {
		t.Errorf("got %+v", got[0][0])
	}
	var info []map[string]any
	if err := json.Unmarshal((&Info{Description: name}).AppendJSON(nil), &info); err != nil {
		t.Error(err)
	}
	var fail map[string]string
	if err := json.Unmarshal([]byte(ErrorJSON(name)), &fail); err != nil || fail["errorStr"] == "" {
		t.Errorf("%v, %v", fail, err)
	}
	if string(JSON(nil)) != "[]\n" {
		t.Errorf("no rows: %s", JSON(nil))
	}
}

func TestJSONSchemaIsJSON(t *testing.T) {
	t.Parallel()
	var s struct {
		OneOf       []struct{ Title string }
		Definitions map[string]any
	}
	if err := json.Unmarshal([]byte(JSONSchema), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.OneOf) != 3 || len(s.Definitions) != 4 {
		t.Errorf("%d variants, %d definitions", len(s.OneOf), len(s.Definitions))
	}
	for name := range s.Definitions {
		if !strings.Contains(JSONSchema, `"$ref":"#/definitions/`+name+`"`) {
			t.Errorf("definition %s is not used", name)
		}
	}
	for _, words := range []map[byte]string{originWords, natureWords, scopeWords} {
		for _, w := range words {
			if !strings.Contains(JSONSchema, `"`+w+`"`) {
				t.Errorf("the schema does not know %s", w)
			}
		}
	}
}

func TestServerStatus(t *testing.T) {
	t.Parallel()
	c := &CheckInfo{Rise: 2, Fall: 3, Health: 3}
	for s, want := range map[State]string{
		Down: "DOWN", DownAgent: "DOWN (agent)", Up: "UP", GoingDown: "UP 2/3", NoLB: "NOLB", NoLBGoing: "NOLB 2/3",
		Drain: "DRAIN", DrainGoing: "DRAIN 2/3", NoCheck: "no check", Maint: "MAINT", MaintVia: "MAINT (via b/s)",
		MaintResolve: "MAINT (resolution)", Open: "OPEN", Full: "FULL", Waiting: "WAITING", Stopped: "STOP", 99: "UNKNOWN",
	} {
		if got := ServerStatus(s, c, "b/s"); got != want {
			t.Errorf("state %d: %q, want %q", s, got, want)
		}
	}
	if got := ServerStatus(GoingUp, &CheckInfo{Rise: 2, Fall: 3, Health: 1}, ""); got != "DOWN 1/2" {
		t.Errorf("going up: %q", got)
	}
	if got := ServerStatus(GoingDown, &CheckInfo{Rise: 2, Fall: 3}, ""); got != "UP 0/3" {
		t.Errorf("health below rise: %q", got)
	}
}

func TestThrottleOnlyDuringSlowStart(t *testing.T) {
	t.Parallel()
	for percent, want := range map[uint32]bool{0: false, 1: true, 99: true, 100: false} {
		r := Row{Kind: KindServer, Throttle: percent}
		if _, ok := r.Value(ColThrottle); ok != want {
			t.Errorf("%d%%: shown %v", percent, ok)
		}
	}
}

func TestCheckColumns(t *testing.T) {
	t.Parallel()
	shown := func(c CheckInfo) (out string) {
		r := Row{Kind: KindServer, Check: c}
		for _, col := range []Col{ColCheckStatus, ColCheckCode, ColCheckDuration, ColLastChk} {
			if v, ok := r.Value(col); ok {
				out += string(v.AppendText(nil)) + "|"
			} else {
				out += "-|"
			}
		}
		return out
	}
	for _, c := range []struct {
		in   CheckInfo
		want string
	}{
		{CheckInfo{}, "-|-|-|-|"},
		{CheckInfo{Status: "L7OK"}, "-|-|-|-|"},
		{CheckInfo{Enabled: true}, "-|-|-|-|"},
		{CheckInfo{Enabled: true, Status: "INI"}, "INI|-|-|-|"},
		{CheckInfo{Enabled: true, Status: "L4OK", Duration: 3}, "L4OK|-|3||"},
		{CheckInfo{Enabled: true, Running: true, Status: "L7STS", Code: 404, Output: "Not Found"}, "* L7STS|404|0|Not Found|"},
	} {
		if got := shown(c.in); got != c.want {
			t.Errorf("%+v: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	rows := []Row{
		{Kind: KindFrontend, Proxy: "www", Name: "FRONTEND", ProxyID: 1, Status: "OPEN", State: Open},
		{Kind: KindListener, Proxy: "www", Name: "l", ProxyID: 1, ID: 1},
		{Kind: KindServer, Proxy: "app", Name: "up", ProxyID: 2, ID: 1, State: Up},
		{Kind: KindServer, Proxy: "app", Name: "down", ProxyID: 2, ID: 2, State: Down},
		{Kind: KindServer, Proxy: "app", Name: "maint", ProxyID: 2, ID: 3, State: MaintVia},
		{Kind: KindBackend, Proxy: "app", Name: "BACKEND", ProxyID: 2, Status: "UP", State: Up},
	}
	for _, c := range []struct {
		name string
		f    Filter
		want string
	}{
		{"all", Filter{}, "FRONTEND  l  up  down  maint  BACKEND UP "},
		{"servers", Filter{Kinds: KindsOf(4)}, "up  down  maint "},
		{"front and back", Filter{Kinds: KindsOf(3)}, "FRONTEND  BACKEND UP "},
		{"minus one", Filter{Kinds: KindsOf(-1), ProxyID: -1, ID: -1}, "FRONTEND  l  up  down  maint  BACKEND UP "},
		{"one proxy", Filter{ProxyID: 1}, "FRONTEND  l "},
		{"one server", Filter{ProxyID: 2, ID: 2, Kinds: KindsOf(4)}, "down "},
		{"up", Filter{HideDown: true, Kinds: Servers | Backends}, "up  BACKEND UP (1/3) "},
		{"no-maint", Filter{HideMaint: true, ProxyID: 2}, "up  down  BACKEND UP (1/3) "},
		{"scope", Filter{Scope: "ww"}, "FRONTEND  l "},
	} {
		got := ""
		for _, r := range c.f.Apply(rows) {
			got += r.Name + " "
			if r.Kind == KindBackend {
				got += r.Status
			}
			got += " "
		}
		if d := cmp.Diff(strings.Fields(c.want), strings.Fields(got)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if rows[5].Status != "UP" {
		t.Error("the caller's rows were changed")
	}
}

func TestPromOptions(t *testing.T) {
	t.Parallel()
	rows := []Row{
		{Kind: KindFrontend, Proxy: `f"1`, Name: "FRONTEND", Desc: "my\nfront\\", State: Stopped, HTTP: true},
		{Kind: KindServer, Proxy: "b", Name: "m", State: Maint, IdleLimit: -1},
		{Kind: KindServer, Proxy: "b", Name: "s", State: NoLB, IdleLimit: -1},
	}
	rows[2].N[ColQtimeMax] = 12345
	out := func(o PromOptions) string { return string(Prometheus(&Info{Node: "n1"}, rows, o)) }
	all := AllMetrics()
	text := out(all)
	for _, want := range []string{
		`haproxy_process_node{node="n1"} 1` + "\n",
		`haproxy_frontend_status{proxy="f\"1",state="DOWN"} 1` + "\n",
		`haproxy_server_status{proxy="b",server="s",state="NOLB"} 1` + "\n",
		`haproxy_server_max_queue_time_seconds{proxy="b",server="s"} 12.345000` + "\n",
		`haproxy_server_limit_sessions{proxy="b",server="s"} NaN` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "mod=") || strings.Contains(text, "desc=") || strings.Contains(text, "haproxy_process_description") {
		t.Error("extra counters or descriptions without being asked for")
	}
	if s := out(PromOptions{Kinds: Servers, NoMaint: true}); strings.Contains(s, `server="m"`) || strings.Contains(s, "process") {
		t.Error("no-maint or scope did not filter")
	}
	if s := out(PromOptions{Kinds: Frontends, Extra: true, DescLabels: true}); !strings.Contains(s,
		`haproxy_frontend_h2_data_rcvd{proxy="f\"1",desc="my\nfront\\",mod="h2"} 0`) {
		t.Errorf("extra counter with description missing:\n%s", s)
	}
	only := PromOptions{Global: true, Kinds: All, Want: func(m string) bool { return m == "haproxy_server_status" }}
	if s := out(only); strings.Count(s, "# TYPE") != 1 {
		t.Errorf("metrics= did not filter:\n%s", s)
	}
}

// TestPromFormat checks the exposition's grammar: HELP and TYPE once before
// the samples of each metric.
func TestPromFormat(t *testing.T) {
	t.Parallel()
	o := AllMetrics()
	o.Extra = true
	seen := map[string]bool{}
	current := ""
	for _, l := range strings.Split(strings.TrimSpace(string(Prometheus(oracleInfo(t), oracleRows(t), o))), "\n") {
		f := strings.Fields(l)
		switch {
		case strings.HasPrefix(l, "# HELP "):
			if seen[f[2]] {
				t.Errorf("%s twice", f[2])
			}
			seen[f[2]] = true
			current = f[2]
		case strings.HasPrefix(l, "# TYPE "):
			if f[2] != current || f[3] != "counter" && f[3] != "gauge" {
				t.Errorf("odd %s", l)
			}
		default:
			if name, _, _ := strings.Cut(f[0], "{"); name != current {
				t.Errorf("%s among the samples of %s", name, current)
			}
			var v float64
			if _, err := fmt.Sscan(f[len(f)-1], &v); err != nil {
				t.Errorf("value of %s: %v", l, err)
			}
		}
	}
	if len(seen) < 250 {
		t.Errorf("only %d metrics", len(seen))
	}
}

func TestAggregate(t *testing.T) {
	t.Parallel()
	rows := []Row{
		{Kind: KindServer, ProxyID: 1, State: GoingUp, Check: CheckInfo{Enabled: true, Status: "L4CON"}},
		{Kind: KindServer, ProxyID: 1, State: GoingDown, Check: CheckInfo{Enabled: true, Status: "L4CON"}},
		{Kind: KindServer, ProxyID: 1, State: MaintResolve},
		{Kind: KindBackend, ProxyID: 1},
		{Kind: KindBackend, ProxyID: 2},
	}
	Aggregate(rows)
	if d := cmp.Diff(map[string]uint32{"DOWN": 1, "UP": 1, "MAINT": 1}, rows[3].AggServer); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]uint32{"L4CON": 2}, rows[3].AggCheck); d != "" {
		t.Error(d)
	}
	if rows[4].AggServer != nil {
		t.Error("a backend without servers has states")
	}
}

func TestUptime(t *testing.T) {
	t.Parallel()
	for s, want := range map[uint64]string{1: "0d 0h00m01s", 93784: "1d 2h03m04s", 1036800: "12d 0h00m00s"} {
		if got := Uptime(s); got != want {
			t.Errorf("%d: %s, want %s", s, got, want)
		}
	}
}
