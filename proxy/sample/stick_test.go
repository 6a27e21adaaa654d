package sample

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// stickTable makes a table of the words of its line.
func stickTable(t *testing.T, name, line string) *stick.Table {
	t.Helper()
	words := []source.Word{{Text: "stick-table"}}
	for _, w := range strings.Fields(line) {
		words = append(words, source.Word{Text: w})
	}
	e := &keyword.Env{Diags: &diag.List{}, Owner: name, Words: words}
	table, err := stick.ReadLine(&keyword.Args{Env: e, Words: words, Pos: 1}, name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestStickWords reads counters through all families, in the order in which
// they stand: each line sees what those before it did.
func TestStickWords(t *testing.T) {
	t.Parallel()
	tables := map[string]*stick.Table{
		"t1": stickTable(t, "t1", "type ip size 10 expire 10s store gpc(3),gpc_rate(3,10s),gpt(2),http_req_cnt,bytes_in_cnt,conn_cnt,conn_rate(10s),server_id"),
		"t2": stickTable(t, "t2", "type ip size 5 store gpc0,gpc0_rate(10s)"),
		"t3": stickTable(t, "t3", "type integer size 5 store gpc0"),
	}
	now := time.Unix(1000, 0)
	x := &tx.Tx{Sess: &tx.Session{Src: netip.MustParseAddrPort("127.0.0.1:5")}, Now: now}
	key := []byte{127, 0, 0, 1}
	e := x.Sess.Track(0, tables["t1"], key, true, now)
	e.Set(stick.BytesInCnt, 0, 5000, 0)
	e.Set(stick.ServerID, 0, 3, 0)
	for _, c := range []struct{ expr, want string }{
		{"sc0_conn_cnt", "1"},
		{"sc_conn_cnt(0)", "1"},
		{"sc_conn_rate(0)", "1"},
		{"sc_conn_cnt(1)", "none"}, // nothing is tracked there
		{"sc0_conn_cur", "none"},   // not stored
		{"sc_inc_gpc(2,0)", "1"},
		{"sc_inc_gpc(2,0)", "2"},
		{"sc_get_gpc(2,0)", "2"},
		{"sc_gpc_rate(2,0)", "2"},
		{"sc_get_gpc(3,0)", "none"},
		{"sc0_inc_gpc0", "1"}, // the first of the array
		{"sc0_get_gpc0", "1"},
		{"sc0_clr_gpc0", "1"},
		{"sc0_get_gpc0", "0"},
		{"sc0_kbytes_in", "4"},
		{"sc0_tracked", "1"},
		{"sc1_tracked", "0"},
		{"sc_trackers(0)", "1"},
		{"sc0_key", "127.0.0.1"},
		{"sc0_get_gpc0(t2)", "0"}, // no entry there yet
		{"table_cnt(t2)", "0"},
		{"sc0_inc_gpc0(t2)", "1"},
		{"table_cnt(t2)", "1"},
		{"table_avl(t2)", "4"},
		{"src_get_gpc0(t2)", "1"},
		{"src_inc_gpc0(t2)", "2"},
		{"src_gpc0_rate(t2)", "2"},
		{"src_updt_conn_cnt(t1)", "2"},
		{"src_conn_cnt(t1)", "2"},
		{"src,table_gpc0(t2)", "2"},
		{"src,table_gpc(2,t1)", "2"},
		{"src,in_table(t2)", "1"},
		{"str(10.0.0.1),in_table(t2)", "0"},
		{"str(10.0.0.1),table_gpc0(t2)", "0"},
		{"src,table_expire(t1)", "10000"},
		{"src,table_idle(t1)", "0"},
		{"str(10.0.0.1),table_expire(t1)", "none"},
		{"str(10.0.0.1),table_expire(t1,7)", "7"},
		{"src,table_server_id(t1)", "3"},
		{"src,table_trackers(t1)", "1"},
		{"int(7),table_gpc0(t3)", "0"},
		{"str(x),table_gpc0(t2)", "none"},
	} {
		env := &keyword.Env{Diags: &diag.List{}, Scope: keyword.HTTPRequest, Section: "frontend", Owner: "f"}
		s, err := expr.ParseSample(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := Compile(env, s)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		for _, r := range env.Refs {
			r.Resolve(tables[r.Name])
		}
		var v Value
		got := "none"
		if compiled.Eval(x, tx.TypeStr, &v) {
			got = string(v.B)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.expr, got, c.want)
		}
	}
}
