package stats

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The files of testdata are answers of HAProxy 3.5 to one configuration, asked
// at one moment: "show stat" in its formats, "show info", and the metrics
// (without their HELP texts, which are prose). The tests turn the typed answer
// back into rows and render the other formats from them: what has a value,
// where it stands, how it is quoted and typed is then all the original's.

func oracle(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// typedLine is one line of the typed format.
type typedLine struct {
	kind     byte
	iid, sid uint32
	pos      int
	name     string
	tags     string
	vtype    string
	value    string
}

func parseTyped(t *testing.T, text string) []typedLine {
	t.Helper()
	var out []typedLine
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.SplitN(line, ":", 4)
		k := strings.Split(f[0], ".")
		if len(f) != 4 || len(k) != 6 {
			t.Fatalf("odd line %q", line)
		}
		iid, _ := strconv.Atoi(k[1])
		sid, _ := strconv.Atoi(k[2])
		pos, _ := strconv.Atoi(k[3])
		out = append(out, typedLine{k[0][0], uint32(iid), uint32(sid), pos, k[4], f[1], f[2], f[3]})
	}
	return out
}

var kindLetters = map[byte]Kind{'F': KindFrontend, 'B': KindBackend, 'S': KindServer, 'L': KindListener}

// oracleRows builds the rows that the original had in mind.
func oracleRows(t *testing.T) []Row {
	t.Helper()
	var rows []Row
	for _, l := range parseTyped(t, oracle(t, "stat.typed")) {
		if l.pos == int(ColPxname) {
			rows = append(rows, Row{Kind: kindLetters[l.kind], ProxyID: l.iid, ID: l.sid, IdleLimit: -1})
		}
		setColumn(&rows[len(rows)-1], Col(l.pos), l.value)
	}
	for i := range rows {
		r := &rows[i]
		r.State = stateOf(r)
		r.Check.Running = strings.HasPrefix(r.Check.Status, "* ")
		r.Check.Status = strings.TrimPrefix(r.Check.Status, "* ")
		r.HTTP = r.Mode == "http"
	}
	Aggregate(rows)
	return rows
}

func stateOf(r *Row) State {
	switch s := r.Status; {
	case s == "OPEN":
		return Open
	case s == "DOWN":
		return Down
	case s == "no check":
		return NoCheck
	case s == "NOLB":
		return NoLB
	case s == "DRAIN":
		return Drain
	case strings.HasPrefix(s, "MAINT"):
		return Maint
	}
	return Up
}

func setColumn(r *Row, c Col, value string) {
	n, _ := strconv.ParseInt(value, 10, 64)
	u := uint32(n)
	texts := map[Col]*string{
		ColPxname: &r.Proxy, ColSvname: &r.Name, ColStatus: &r.Status, ColTracked: &r.Tracked,
		ColCheckStatus: &r.Check.Status, ColLastChk: &r.Check.Output, ColLastAgt: &r.Agent.Output,
		ColAgentStatus: &r.Agent.Status, ColCheckDesc: &r.Check.Desc, ColAgentDesc: &r.Agent.Desc,
		ColAddr: &r.Addr, ColCookie: &r.Cookie, ColMode: &r.Mode, ColAlgo: &r.Algo, ColProto: &r.Proto,
	}
	numbers := map[Col]*uint32{
		ColSlim: &r.Limit, ColWeight: &r.Weight, ColUweight: &r.UserWeight, ColAct: &r.Active,
		ColBck: &r.Backup, ColLastchg: &r.LastChange, ColDowntime: &r.Downtime, ColQlimit: &r.QueueLimit,
		ColSrid: &r.RevID, ColThrottle: &r.Throttle, ColRateLim: &r.RateLimit,
		ColCheckCode: &r.Check.Code, ColAgentCode: &r.Agent.Code,
		ColCheckRise: &r.Check.Rise, ColCheckFall: &r.Check.Fall, ColCheckHealth: &r.Check.Health,
		ColAgentRise: &r.Agent.Rise, ColAgentFall: &r.Agent.Fall, ColAgentHealth: &r.Agent.Health,
	}
	switch {
	case texts[c] != nil:
		*texts[c] = value
	case numbers[c] != nil:
		*numbers[c] = u
	case c == ColLastsess:
		r.LastSession = n
	case c == ColCheckDuration:
		r.Check.Duration = uint64(n)
	case c == ColAgentDuration:
		r.Agent.Duration = uint64(n)
	default:
		v, _ := strconv.ParseUint(value, 10, 64)
		r.N[c] = v
	}
	switch c {
	case ColChkfail:
		r.Check.Enabled = true
	case ColAgentStatus:
		r.Agent.Enabled = true
	case ColDowntime:
		r.HasServers = true
	}
}

func TestCSVAsOracle(t *testing.T) {
	t.Parallel()
	if d := cmp.Diff(strings.Split(oracle(t, "stat.csv"), "\n"), strings.Split(string(CSV(oracleRows(t))), "\n")); d != "" {
		t.Errorf("CSV (-oracle +ours):\n%s", d)
	}
}

func TestTypedAsOracle(t *testing.T) {
	t.Parallel()
	if d := cmp.Diff(strings.Split(oracle(t, "stat.typed"), "\n"), strings.Split(string(Typed(oracleRows(t), false)), "\n")); d != "" {
		t.Errorf("typed (-oracle +ours):\n%s", d)
	}
}

func TestJSONAsOracle(t *testing.T) {
	t.Parallel()
	f := Filter{ProxyID: 4, Kinds: KindsOf(4), ID: 10}
	if d := cmp.Diff(oracle(t, "row.json"), string(JSON(f.Apply(oracleRows(t))))); d != "" {
		t.Errorf("JSON (-oracle +ours):\n%s", d)
	}
}

// withoutHelp drops what the fixture does not hold: HELP texts, the proxy that
// served the scrape, and servers left out to keep the file small.
func withoutHelp(text string) []string {
	kept := []string{"fe1", "li", "be2", "stk"}
	servers := []string{"slow", "nochk", "ag", "un"}
	var out []string
next:
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "# HELP") {
			continue
		}
		if !strings.HasPrefix(line, "#") {
			for _, p := range kept {
				if strings.Contains(line, `proxy="`+p+`"`) {
					out = append(out, line)
					continue next
				}
			}
			ok := strings.Contains(line, `proxy="be1"`) && !strings.Contains(line, `server="`)
			for _, s := range servers {
				ok = ok || strings.Contains(line, `proxy="be1",server="`+s+`"`)
			}
			if !ok {
				continue
			}
		}
		out = append(out, line)
	}
	return out
}

func TestPrometheusAsOracle(t *testing.T) {
	t.Parallel()
	o := AllMetrics()
	o.Global = false
	got := withoutHelp(string(Prometheus(nil, oracleRows(t), o)))
	want := strings.Split(strings.TrimSpace(oracle(t, "stat.prom")), "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("metrics (-oracle +ours):\n%s", d)
	}
}

func oracleInfo(t *testing.T) *Info {
	t.Helper()
	in := &Info{}
	for _, line := range strings.Split(strings.TrimSpace(oracle(t, "info.txt")), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		texts := map[string]*string{
			"Name": &in.Name, "Version": &in.Version, "Release_date": &in.ReleaseDate, "node": &in.Node,
			"description": &in.Description, "Build info": &in.BuildInfo, "Tainted": &in.Tainted,
		}
		if p := texts[name]; p != nil {
			*p = value
			continue
		}
		found := false
		for c := range NumInfo {
			if infoColumns[c].Name == name {
				in.N[c], _ = strconv.ParseUint(value, 10, 64)
				found = true
			}
		}
		if !found {
			t.Errorf("no column %q", name)
		}
	}
	return in
}

func TestInfoAsOracle(t *testing.T) {
	t.Parallel()
	in := oracleInfo(t)
	if d := cmp.Diff(oracle(t, "info.txt"), in.String()); d != "" {
		t.Errorf("text (-oracle +ours):\n%s", d)
	}
	// The three answers were given one after the other; what counts the
	// answers themselves differs.
	volatile := func(s string) string {
		var out []string
		for _, l := range strings.Split(s, "\n") {
			if !strings.Contains(l, "BytesOut") && !strings.Contains(l, "Pool") {
				out = append(out, l)
			}
		}
		return strings.Join(out, "\n")
	}
	if d := cmp.Diff(volatile(oracle(t, "info.typed")), volatile(string(in.AppendTyped(nil, false)))); d != "" {
		t.Errorf("typed (-oracle +ours):\n%s", d)
	}
	byField := func(s string) string { return volatile(strings.ReplaceAll(s, `},{`, "},\n{")) }
	if d := cmp.Diff(byField(oracle(t, "info.json")), byField(string(in.AppendJSON(nil)))); d != "" {
		t.Errorf("json (-oracle +ours):\n%s", d)
	}
}

func TestInfoMetricsAsOracle(t *testing.T) {
	t.Parallel()
	strip := func(s string) []string {
		var out []string
		for _, l := range strings.Split(strings.TrimSpace(s), "\n") {
			switch {
			case strings.HasPrefix(l, "# HELP"):
				continue
			case !strings.HasPrefix(l, "#") && !strings.HasSuffix(l, "NaN"):
				l = l[:strings.LastIndexByte(l, ' ')]
			}
			out = append(out, l)
		}
		return out
	}
	got := strip(string(Prometheus(oracleInfo(t), nil, AllMetrics())))
	if d := cmp.Diff(strip(oracle(t, "info.prom")), got); d != "" {
		t.Errorf("metrics (-oracle +ours):\n%s", d)
	}
}
