package sample

import (
	"tandem/parser/keyword"
	"tandem/proxy/tx"
	"tandem/stats"
)

// ACLFinder finds named ACLs for the fetch acl; the room of patterns
// implements it and it reaches the fetch through the Env.
type ACLFinder interface {
	// FindACL returns a function that evaluates the ACL, nil if there is none
	// of that name.
	FindACL(e *keyword.Env, name string) func(t *tx.Tx) (pass, undecided bool)
}

// stateFetches are about the transaction itself and about this program.
var stateFetches = []word[Fetch]{
	fetch("acl", "string[,string,string,string,string,string,string,string,string,string,string,string]", tx.TypeBool, Constant, "Whether all named ACLs pass, '!' before a name negating it.", newACL),
	fetch("wait_end", "", tx.TypeBool, Internal, "True once no more data will come or the inspection delay is over.", plain(evalWaitEnd)),
	fetch("bytes_in", "", tx.TypeInt, RequestStats, "Bytes received from the client.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Bytes.ReqIn)); return true })),
	fetch("bytes_out", "", tx.TypeInt, ResponseStats, "Bytes received from the server.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Bytes.ResIn)); return true })),
	fetch("req.bytes_in", "", tx.TypeInt, RequestStats, "Request bytes received from the client.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Bytes.ReqIn)); return true })),
	fetch("req.bytes_out", "", tx.TypeInt, RequestStats, "Request bytes sent to the server.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Bytes.ReqOut)); return true })),
	fetch("res.bytes_in", "", tx.TypeInt, ResponseStats, "Response bytes received from the server.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Bytes.ResIn)); return true })),
	fetch("res.bytes_out", "", tx.TypeInt, ResponseStats, "Response bytes sent to the client.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Bytes.ResOut)); return true })),
	fetch("txn.conn_retries", "", tx.TypeInt, ServerL4, "Count of connection retries.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Retries)); return true })),
	fetch("txn.redispatched", "", tx.TypeBool, ServerL4, "Whether the request was given to another server than its first.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.Redispatched); return true })),
	fetch("txn.sess_term_state", "", tx.TypeStr, Internal, "Termination state, its first two characters.", plain(evalTermState)),
	fetch("txn.id32", "", tx.TypeInt, Internal, "32-bit number of the connection.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(uint32(t.Sess.ID))); return true })),
	fetch("last_rule_file", "", tx.TypeStr, Internal, "File of the last final rule that ran.", plain(evalLastRuleFile)),
	fetch("last_rule_line", "", tx.TypeInt, Internal, "Line of the last final rule that ran.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.LastRule.Line)); return t.LastRule.Line > 0 })),
	fetch("act_conn", "", tx.TypeInt, Constant, "Connections of the whole process now.", newProcessConns),
	fetch("stopping", "", tx.TypeBool, Internal, "Whether the process is stopping.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(stopping(t)); return true })),
	fetch("prio_class", "", tx.TypeInt, Internal, "Priority class of the request in queues.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Settings.PriorityClass)); return true })),
	fetch("prio_offset", "", tx.TypeInt, Internal, "Priority offset of the request in queues.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Settings.PriorityOffset)); return true })),
	fetch("res.cache_hit", "", tx.TypeBool, Cached, "Whether the response came from a cache.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.Cached.Name != ""); return true })),
	fetch("res.cache_name", "", tx.TypeStr, Cached, "Name of the cache that the response came from.", plain(func(t *tx.Tx, v *Value) bool { v.SetStr([]byte(t.Cached.Name)); return t.Cached.Name != "" })),
	fetch("res.comp", "", tx.TypeBool, ResponseLine, "Whether the response was compressed here.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.Compressed != ""); return true })),
	fetch("res.comp_algo", "", tx.TypeStr, ResponseLine, "Algorithm with which the response was compressed here.", plain(func(t *tx.Tx, v *Value) bool { v.SetStr([]byte(t.Compressed)); return t.Compressed != "" })),
	fetch("last_entity", "", tx.TypeStr, Internal, "The rule or filter that ran last.", never, keyword.NotActed),
	fetch("waiting_entity", "", tx.TypeStr, Internal, "The rule or filter that waits for something.", never, keyword.NotActed),
	fetch("term_events", "", tx.TypeStr, Internal, "Events that ended the connections.", never, keyword.NotActed),
	fetch("spoe.engine-id", "", tx.TypeStr, Internal, "Id of the SPOE engine.", plain(func(t *tx.Tx, v *Value) bool { v.SetStr([]byte(t.EngineID)); return t.EngineID != "" })),
	fetch("fcgi.docroot", "", tx.TypeStr, RequestHTTP, "Document root of the FastCGI application.", plain(func(t *tx.Tx, v *Value) bool { return appText(t, v, func(a *tx.FCGIApp) string { return a.Docroot }) })),
	fetch("fcgi.index", "", tx.TypeStr, RequestHTTP, "Index file of the FastCGI application.", plain(func(t *tx.Tx, v *Value) bool { return appText(t, v, func(a *tx.FCGIApp) string { return a.Index }) })),
	fetch("fs.id", "", tx.TypeStr, ClientL5, "Number of the client side stream.", plain(constant(0)), keyword.NotActed),
	fetch("fs.aborted", "", tx.TypeInt, ClientL5, "Whether the client side stream was aborted.", plain(constant(0)), keyword.NotActed),
	fetch("fs.rst_code", "", tx.TypeInt, ClientL5, "Code with which the client reset its stream.", never, keyword.NotActed),
	fetch("fs.debug_str", "[integer]", tx.TypeStr, ClientL5, "Debugging text of the client side stream.", never, keyword.NotActed),
	fetch("bs.id", "", tx.TypeInt, ServerL5, "Number of the server side stream.", plain(constant(0)), keyword.NotActed),
	fetch("bs.aborted", "", tx.TypeInt, ServerL5, "Whether the server side stream was aborted.", plain(constant(0)), keyword.NotActed),
	fetch("bs.rst_code", "", tx.TypeInt, ServerL5, "Code with which the server reset its stream.", never, keyword.NotActed),
	fetch("bs.debug_str", "[integer]", tx.TypeStr, ServerL5, "Debugging text of the server side stream.", never, keyword.NotActed),
	fetch("cpu_calls", "", tx.TypeInt, Internal, "How often the transaction's task was called.", never, keyword.NotActed),
	fetch("cpu_ns_avg", "", tx.TypeInt, Internal, "Processor time of a call, in ns.", never, keyword.NotActed),
	fetch("cpu_ns_tot", "", tx.TypeInt, Internal, "Processor time of the transaction, in ns.", never, keyword.NotActed),
	fetch("cpu_usage_grp", "", tx.TypeInt, Internal, "Processor load of the thread group, in percent.", never, keyword.NotActed),
	fetch("cpu_usage_proc", "", tx.TypeInt, Internal, "Processor load of the process, in percent.", never, keyword.NotActed),
	fetch("cpu_usage_thr", "", tx.TypeInt, Internal, "Processor load of the thread, in percent.", never, keyword.NotActed),
	fetch("lat_ns_avg", "", tx.TypeInt, Internal, "Latency of a call, in ns.", never, keyword.NotActed),
	fetch("lat_ns_tot", "", tx.TypeInt, Internal, "Latency of all calls, in ns.", never, keyword.NotActed),
}

// newProcessConns reads the process's counters, which reach it through the Env.
func newProcessConns(e *keyword.Env, _ args) (evalFunc, error) {
	p := keyword.Attached[*stats.Process](e)
	return func(_ *tx.Tx, v *Value) bool {
		if p == nil {
			return false
		}
		v.SetInt(int64(p.Conns.Load()))
		return true
	}, nil
}

func newACL(e *keyword.Env, a args) (evalFunc, error) {
	finder := keyword.Attached[ACLFinder](e)
	type term struct {
		eval func(t *tx.Tx) (pass, undecided bool)
		neg  bool
	}
	var terms []term
	for i := range a {
		name := a.str(i, "")
		if name == "" && i > 0 {
			continue
		}
		neg := false
		for name != "" && name[0] == '!' {
			neg, name = !neg, name[1:]
		}
		var eval func(t *tx.Tx) (pass, undecided bool)
		if finder != nil {
			eval = finder.FindACL(e, name)
		}
		if eval == nil {
			return nil, errText("ACL '" + name + "' not found")
		}
		terms = append(terms, term{eval, neg})
	}
	return func(t *tx.Tx, v *Value) bool {
		for _, x := range terms {
			pass, undecided := x.eval(t)
			if undecided {
				v.MayChange = true
				return false
			}
			if pass == x.neg {
				v.SetBool(false)
				return true
			}
		}
		v.SetBool(true)
		return true
	}, nil
}

func evalWaitEnd(t *tx.Tx, v *Value) bool {
	v.SetBool(true)
	if t.Conn == nil || t.HasReq {
		return true
	}
	if _, complete := t.Conn.Content(t.HasRes); !complete {
		v.MayChange = true
		return false
	}
	return true
}

// TermState returns the first two characters of the termination state.
func TermState(t *tx.Tx) [2]byte {
	out := t.Term
	for i, c := range out {
		if c == 0 {
			out[i] = '-'
		}
	}
	return out
}

func evalTermState(t *tx.Tx, v *Value) bool {
	s := TermState(t)
	b := t.Scratch.Alloc(2)
	copy(b, s[:])
	v.SetStr(b)
	return true
}

func evalLastRuleFile(t *tx.Tx, v *Value) bool {
	v.SetStr(stringBytes(t, t.LastRule.File))
	return t.LastRule.File != ""
}

// stopping says whether the process was told to end.
func stopping(t *tx.Tx) bool { return t.Sess.Proc != nil && t.Sess.Proc.Stopping.Load() }

// appText gives a text of the backend's FastCGI application.
func appText(t *tx.Tx, v *Value, get func(*tx.FCGIApp) string) bool {
	if t.FCGI == nil || get(t.FCGI) == "" {
		return false
	}
	v.SetStr([]byte(get(t.FCGI)))
	return true
}
