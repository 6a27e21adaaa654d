package sample

import (
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// debugFetches look into the original's internal form of messages and its
// TCP_INFO; this program has no such form.
var debugFetches = debugWords()

func debugWords() []word[Fetch] {
	const both = RequestRaw | ResponseRaw
	ws := []word[Fetch]{
		fetch("internal.strm.is_htx", "", tx.TypeBool, Internal, "Whether the stream carries HTTP messages.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.HasReq); return true })),
		fetch("internal.htx.has_eom", "", tx.TypeBool, both, "Debugging: whether the end of the message was seen.", never, keyword.NotActed),
	}
	for _, n := range [...]string{"data", "free", "free_data", "nbblks", "size", "used"} {
		ws = append(ws, fetch("internal.htx."+n, "", tx.TypeInt, both, "Debugging: a number of the original's message buffer.", never, keyword.NotActed))
	}
	for _, n := range [...]string{"hdrname", "hdrval", "start_line", "type"} {
		ws = append(ws, fetch("internal.htx_blk."+n, "string", tx.TypeStr, both, "Debugging: a block of the original's message buffer.", never, keyword.NotActed))
	}
	ws = append(ws,
		fetch("internal.htx_blk.data", "string", tx.TypeBin, both, "Debugging: a block of the original's message buffer.", never, keyword.NotActed),
		fetch("internal.htx_blk.size", "string", tx.TypeInt, both, "Debugging: a block of the original's message buffer.", never, keyword.NotActed))
	for _, n := range [...]string{"fc_fackets", "fc_lost", "fc_reordering", "fc_retrans", "fc_rtt", "fc_rttvar", "fc_sacked", "fc_unacked", "bc_rtt", "bc_rttvar"} {
		ws = append(ws, fetch(n, "[string]", tx.TypeInt, ClientL4, "A number that the kernel keeps of a TCP connection (tcp(7), TCP_INFO).", newTCPInfo(n)))
	}
	return ws
}

// TCPInfo is what the engine's connection may offer besides tx.Conn: numbers
// that the kernel keeps of a connection, in the kernel's units (times in us).
type TCPInfo interface {
	TCPInfo(server bool, name string) (int64, bool)
}

func newTCPInfo(name string) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		divide := int64(1)
		switch u := a.str(0, ""); u {
		case "us":
		case "", "ms":
			if name[3:] == "rtt" || name[3:] == "rttvar" {
				divide = 1000
			}
		default:
			return nil, errText("this argument can only be 'ms' or 'us', got '" + u + "'")
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
