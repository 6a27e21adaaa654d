package stats

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResponseClasses(t *testing.T) {
	t.Parallel()
	var r Responses
	for _, s := range []int{100, 199, 200, 302, 404, 500, 599, 600, 999, 99, 0, -1, -200} {
		r.Add(s)
	}
	var got []uint64
	for i := range r.Class {
		got = append(got, r.Class[i].Load())
	}
	if d := cmp.Diff([]uint64{2, 1, 1, 1, 2, 6}, got); d != "" {
		t.Error(d)
	}
}

// raiseAll puts something into every counter of a set, found by reflection,
// and returns how many there are.
func raiseAll(v reflect.Value) int {
	if !v.CanAddr() || !v.Addr().CanInterface() {
		return 0
	}
	switch c := v.Addr().Interface().(type) {
	case *Counter:
		c.Add(7)
		return 1
	case *Gauge:
		c.Add(7)
		return 1
	case *Rate:
		c.Add(1000, 7)
		return 1
	case *Average:
		c.Add(7)
		return 1
	case *LastSeen:
		c.Touch(1000)
		return 1
	}
	n := 0
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += raiseAll(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			n += raiseAll(v.Index(i))
		}
	}
	return n
}

// sets returns one of each counter set with the kind of row it fills.
func sets() map[Kind]interface {
	Fill(*Row, int64)
	Clear(bool)
} {
	return map[Kind]interface {
		Fill(*Row, int64)
		Clear(bool)
	}{
		KindFrontend: &Frontend{}, KindListener: &Listener{}, KindBackend: &Backend{}, KindServer: &Server{},
	}
}

// notCounted are the columns that the owner of the object fills.
var notCounted = map[Col]bool{
	ColPid: true, ColIid: true, ColSid: true, ColType: true, ColSlim: true, ColWeight: true,
	ColUweight: true, ColAct: true, ColBck: true, ColLastchg: true, ColDowntime: true,
	ColQlimit: true, ColThrottle: true, ColRateLim: true, ColSrcIlim: true, ColSrid: true,
	ColCheckCode: true, ColCheckDuration: true, ColCheckRise: true, ColCheckFall: true, ColCheckHealth: true,
	ColAgentCode: true, ColAgentDuration: true, ColAgentRise: true, ColAgentFall: true, ColAgentHealth: true,
	ColHanafail: true, ColAggServerStatus: true, ColAggServerCheckStatus: true, ColAggCheckStatus: true,
}

func TestEveryColumnIsFilled(t *testing.T) {
	t.Parallel()
	for kind, set := range sets() {
		if n := raiseAll(reflect.ValueOf(set).Elem()); n < 15 {
			t.Errorf("%v: only %d counters", kind, n)
		}
		r := Row{Kind: kind, HTTP: true, Mode: "http", Check: CheckInfo{Enabled: true}}
		set.Fill(&r, 1500)
		for c := range NumColumns {
			def := &columns[c]
			if !def.Kinds.Has(kind) || def.Type == Str || notCounted[c] {
				continue
			}
			if v, ok := r.Value(c); !ok || v.N == 0 && c != ColLastsess {
				t.Errorf("%v: column %s is %d, %v", kind, def.Name, v.N, ok)
			}
		}
	}
}

func TestClearAll(t *testing.T) {
	t.Parallel()
	for kind, set := range sets() {
		raiseAll(reflect.ValueOf(set).Elem())
		set.Clear(true)
		r := Row{Kind: kind, HTTP: true, Mode: "http", Check: CheckInfo{Enabled: true}}
		set.Fill(&r, 1500)
		// What exists now is still there.
		now := map[Col]bool{
			ColScur: true, ColQcur: true, ColIdleConnCur: true, ColSafeConnCur: true, ColSrvIcur: true,
			ColUsedConnCur: true, ColNeedConnEst: true, ColPrivIdleCur: true,
			ColH1OpenConnections: true, ColH1OpenStreams: true, ColH2OpenConnections: true, ColH2BackendOpenStreams: true,
		}
		for c := range NumColumns {
			v := r.N[c]
			if now[c] != (v != 0) && columns[c].Kinds.Has(kind) {
				t.Errorf("%v: column %s is %d after Clear(true)", kind, columns[c].Name, v)
			}
		}
		if kind == KindServer && r.LastSession != -1 {
			t.Errorf("lastsess is %d", r.LastSession)
		}
	}
}

func TestClearMaximums(t *testing.T) {
	t.Parallel()
	f := &Frontend{}
	raiseAll(reflect.ValueOf(f).Elem())
	f.Clear(false)
	r := Row{Kind: KindFrontend, HTTP: true}
	f.Fill(&r, 1500)
	want := map[Col]uint64{ColScur: 7, ColSmax: 0, ColStot: 7, ColRate: 7, ColRateMax: 0, ColReqRateMax: 0, ColConnRateMax: 0, ColHrsp2xx: 7}
	for c, n := range want {
		if r.N[c] != n {
			t.Errorf("%s = %d, want %d", columns[c].Name, r.N[c], n)
		}
	}
}

func TestBytesFollowTheirSides(t *testing.T) {
	t.Parallel()
	var s Server
	s.ReqIn.Add(10)
	s.ReqOut.Add(20)
	s.RespIn.Add(30)
	s.RespOut.Add(40)
	var r Row
	s.Fill(&r, 0)
	got := []uint64{r.N[ColBin], r.N[ColBout], r.N[ColReqbin], r.N[ColReqbout], r.N[ColResbin], r.N[ColResbout]}
	if d := cmp.Diff([]uint64{10, 30, 10, 20, 30, 40}, got); d != "" {
		t.Error(d)
	}
}

func TestByVersion(t *testing.T) {
	t.Parallel()
	var f Frontend
	f.SessVersion.Add(HTTP2)
	f.ReqVersion.Add(HTTP1)
	f.ReqVersion.Add(OtherVersion)
	var r Row
	f.Fill(&r, 0)
	if r.N[ColH2sess] != 1 || r.N[ColH1req] != 1 || r.N[ColReqOther] != 1 || r.N[ColH1sess] != 0 {
		t.Error("a version landed in the wrong column")
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p := &Process{}
	if n := raiseAll(reflect.ValueOf(p).Elem()); n < 30 {
		t.Errorf("only %d counters", n)
	}
	p.SSLRate.Add(1000, 3) // 10 connections with 7 keys: 3 resumed
	in := &Info{}
	p.Fill(in, 1500)
	want := map[InfoCol]uint64{
		InfoCurrConns: 7, InfoCumConns: 7, InfoCumReq: 7, InfoConnRate: 7, InfoMaxConnRate: 7,
		InfoSslRate: 10, InfoSslFrontendKeyRate: 7, InfoSslFrontendSessionReusePct: 30,
		InfoListeners: 7, InfoPatternsFreed: 7, InfoBytesOutRate: 7, InfoMaxconnReached: 7,
	}
	for c, n := range want {
		if in.N[c] != n {
			t.Errorf("%s = %d, want %d", infoColumns[c].Name, in.N[c], n)
		}
	}
	p.Clear(true)
	p.Fill(in, 1500)
	if in.N[InfoMaxConnRate] != 0 || in.N[InfoMaxSslRate] != 0 || in.N[InfoCumReq] != 7 {
		t.Error("Clear must drop maximums and keep totals")
	}
}

func TestNoAllocations(t *testing.T) {
	var f Frontend
	var s Server
	now := int64(1000)
	n := testing.AllocsPerRun(100, func() {
		now += 10
		f.Sess.Add(1)
		f.SessTot.Add(1)
		f.ReqRate.Add(now, 1)
		f.Resp.Add(200)
		f.ReqVersion.Add(HTTP1)
		s.Queue.Add(1)
		s.Times.Total.Add(12)
		s.Last.Touch(now)
		s.Queue.Add(-1)
		f.Sess.Add(-1)
	})
	if n != 0 {
		t.Errorf("%v allocations for counting one request, want 0", n)
	}
}
