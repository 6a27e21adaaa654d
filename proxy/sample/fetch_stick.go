package sample

import (
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// stickFetches read stick tables and the counters that rules track. They are
// here by family: sc_x(counter,…), its forms sc0_x to sc2_x, and src_x.
var stickFetches = stickWords()

// stickCounters are the words of the families, with what they count.
var stickCounters = [...]struct {
	name, doc string
	index     bool // takes the number of an array element first
	forms     string
}{
	{"bytes_in_rate", "rate of bytes from clients", false, "csS"},
	{"bytes_out_rate", "rate of bytes to clients", false, "csS"},
	{"clr_gpc", "general purpose counter, which is cleared", true, "csS"},
	{"clr_gpc0", "first general purpose counter, which is cleared", false, "csS"},
	{"clr_gpc1", "second general purpose counter, which is cleared", false, "csS"},
	{"conn_cnt", "count of connections", false, "csS"},
	{"conn_cur", "connections now", false, "csS"},
	{"conn_rate", "rate of connections", false, "csS"},
	{"get_gpc", "general purpose counter", true, "cS"},
	{"get_gpc0", "first general purpose counter", false, "csS"},
	{"get_gpc1", "second general purpose counter", false, "csS"},
	{"get_gpt", "general purpose tag", true, "cS"},
	{"get_gpt0", "first general purpose tag", false, "csS"},
	{"glitch_cnt", "count of protocol glitches", false, "csS"},
	{"glitch_rate", "rate of protocol glitches", false, "csS"},
	{"gpc0_rate", "rate of the first general purpose counter", false, "csS"},
	{"gpc1_rate", "rate of the second general purpose counter", false, "csS"},
	{"gpc_rate", "rate of a general purpose counter", true, "cS"},
	{"http_err_cnt", "count of HTTP errors", false, "csS"},
	{"http_err_rate", "rate of HTTP errors", false, "csS"},
	{"http_fail_cnt", "count of HTTP failures", false, "csS"},
	{"http_fail_rate", "rate of HTTP failures", false, "csS"},
	{"http_req_cnt", "count of requests", false, "csS"},
	{"http_req_rate", "rate of requests", false, "csS"},
	{"inc_gpc", "general purpose counter, which is raised", true, "cS"},
	{"inc_gpc0", "first general purpose counter, which is raised", false, "csS"},
	{"inc_gpc1", "second general purpose counter, which is raised", false, "csS"},
	{"kbytes_in", "kilobytes from clients", false, "csS"},
	{"kbytes_out", "kilobytes to clients", false, "csS"},
	{"sess_cnt", "count of sessions", false, "csS"},
	{"sess_rate", "rate of sessions", false, "csS"},
	{"updt_conn_cnt", "count of connections, which is raised", false, "S"},
}

func stickWords() []word[Fetch] {
	var ws []word[Fetch]
	for _, c := range stickCounters {
		tail := ""
		if c.index {
			tail = ",integer"
		}
		need := Internal
		if c.name == "kbytes_in" || c.name == "kbytes_out" {
			need = ClientL4
		}
		for _, form := range c.forms {
			switch form {
			case 'c':
				ws = append(ws, fetch("sc_"+c.name, "integer"+tail+"[,table]", tx.TypeInt, need, "Of a tracked counter: "+c.doc+".", newStick(c.name, -1, c.index)))
			case 's':
				for i := range 3 {
					sig := "[table]"
					if c.index {
						sig = "integer[,table]"
						if i != 1 {
							continue
						}
					}
					ws = append(ws, fetch("sc"+strconv.Itoa(i)+"_"+c.name, sig, tx.TypeInt, need, "Of tracked counter "+strconv.Itoa(i)+": "+c.doc+".", newStick(c.name, i, c.index)))
				}
			case 'S':
				sig := "table"
				if c.index {
					sig = "integer,table"
				}
				ws = append(ws, fetch("src_"+c.name, sig, tx.TypeInt, ClientL4, "Of the client's address in a table: "+c.doc+".", newStick(c.name, -2, c.index)))
			}
		}
	}
	for _, x := range [...]struct {
		name string
		out  Type
		doc  string
	}{
		{"tracked", tx.TypeBool, "Whether a counter is tracked"},
		{"trackers", tx.TypeInt, "Count of connections that track the key of a counter"},
		{"key", tx.TypeAny, "Key of a tracked counter"},
	} {
		sig, sigN := "integer[,table]", "[table]"
		if x.name == "key" {
			sig, sigN = "integer", ""
		}
		ws = append(ws, fetch("sc_"+x.name, sig, x.out, Internal, x.doc+".", newStick(x.name, -1, false)))
		for i := range 3 {
			ws = append(ws, fetch("sc"+strconv.Itoa(i)+"_"+x.name, sigN, x.out, Internal, x.doc+", for counter "+strconv.Itoa(i)+".", newStick(x.name, i, false)))
		}
	}
	return append(ws,
		fetch("table_avl", "table", tx.TypeInt, Internal, "Entries that a table can still take.", newStick("table_avl", -2, false)),
		fetch("table_cnt", "table", tx.TypeInt, Internal, "Entries in a table.", newStick("table_cnt", -2, false)))
}

// newStick makes a fetch of a stick counter. counter -1: it is an argument,
// behind the number of an array element; -2: the client's address is the key.
func newStick(name string, counter int, index bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		i, sc, idx := 0, counter, 0
		if index {
			idx, i = int(a.int(0, 0)), 1
		}
		if counter == -1 {
			sc = int(a.int(i, 0))
			i++
			if sc < 0 || sc >= len(tx.Session{}.Tracked) {
				return nil, errText("sample fetch 'sc_" + name + "' : stick-counter number out of range")
			}
		}
		var ref *keyword.Ref
		if i < len(a) {
			ref = a[i].ref
		}
		return stickFetch(name, sc, idx, counter == -2, ref), nil
	}
}
