package sample

import (
	"strconv"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// debugFetches look into the original's internal form of messages and its
// TCP_INFO; this program has no such form.
var debugFetches = debugWords()

func debugWords() []word[Fetch] {
	const both = RequestHTTP | ResponseHTTP
	ws := []word[Fetch]{
		fetch("internal.strm.is_htx", "", tx.TypeBool, Internal, "Whether the stream carries HTTP messages.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.Sess.HTTP); return true })),
		fetch("internal.htx.has_eom", "", tx.TypeBool, both, "Debugging: whether the end of the message was seen.", never, keyword.NotActed),
	}
	for _, n := range [...]string{"data", "free", "free_data", "nbblks", "size", "used"} {
		ws = append(ws, fetch("internal.htx."+n, "", tx.TypeInt, both, "Debugging: a number of the original's message buffer.", never, keyword.NotActed))
	}
	for _, n := range [...]string{"hdrname", "hdrval", "start_line", "type"} {
		ws = append(ws, fetch("internal.htx_blk."+n, "string", tx.TypeStr, both, "Debugging: a block of the original's message buffer.", newBlock, keyword.NotActed))
	}
	ws = append(ws,
		fetch("internal.htx_blk.data", "string", tx.TypeBin, both, "Debugging: a block of the original's message buffer.", newBlock, keyword.NotActed),
		fetch("internal.htx_blk.size", "string", tx.TypeInt, both, "Debugging: a block of the original's message buffer.", newBlock, keyword.NotActed))
	for _, n := range [...]string{"fc_fackets", "fc_lost", "fc_reordering", "fc_retrans", "fc_rtt", "fc_rttvar", "fc_sacked", "fc_unacked", "bc_rtt", "bc_rttvar"} {
		ws = append(ws, fetch(n, "[string]", tx.TypeInt, ClientL4, "A number that the kernel keeps of a TCP connection (tcp(7), TCP_INFO).", newTCPInfo(n)))
	}
	return ws
}

// newBlock reads which block of the message buffer is meant.
func newBlock(_ *keyword.Env, a args) (evalFunc, error) {
	switch s := a.str(0, ""); s {
	case "":
		return nil, errText("a block position is expected (> 0) or a special block name (head, tail, first)")
	case "head", "tail", "first":
	default:
		if n, err := strconv.Atoi(s); err != nil || n < 0 {
			return nil, errText("invalid block position")
		}
	}
	return func(*tx.Tx, *Value) bool { return false }, nil
}

// TCPInfo is what the engine's connection may offer besides tx.Conn: numbers
// that the kernel keeps of a connection, in the kernel's units (times in us).
type TCPInfo interface {
	TCPInfo(server bool, name string) (int64, bool)
}

func newTCPInfo(name string) buildFunc {
	return func(e *keyword.Env, a args) (evalFunc, error) {
		divide := int64(1)
		isTime := name[3:] == "rtt" || name[3:] == "rttvar"
		switch u := a.str(0, ""); {
		case !isTime && a.has(0):
			e.Diags.Add(diag.Diagnostic{Severity: diag.Warning, Code: diag.NoEffect, Layout: diag.Bare, Span: e.LineSpan(),
				Text: "no argument supported for 'fc_*' sample expressions returning counters."})
		case !isTime, u == "us":
		case !a.has(0), u == "ms":
			divide = 1000
		default:
			return nil, errText("expects 'us' or 'ms', got '" + u + "'")
		}
		return func(t *tx.Tx, v *Value) bool {
			info, ok := t.Conn.(TCPInfo)
			if !ok {
				return false
			}
			n, ok := info.TCPInfo(name[0] == 'b', name[3:])
			v.SetInt(n / divide)
			return ok
		}, nil
	}
}
