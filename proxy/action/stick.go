package action

import (
	"fmt"
	"net/netip"
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// StickRule is one "stick" line of a backend (configuration manual 4.2, stick
// match, stick on, stick store-request, stick store-response).
type StickRule struct {
	Match, StoreRequest, StoreResponse bool
	Cond                               *pattern.Cond // set by the reader of the line
	At                                 tx.Rule

	expr  *sample.Expr
	table *keyword.Ref
}

// ReadStick reads what stands behind "stick", up to the condition.
func ReadStick(a *keyword.Args) (*StickRule, error) {
	const usage = "'stick' expects 'on', 'match', or 'store'."
	w, at, ok := a.Next()
	if !ok {
		return nil, refuse(-1, usage)
	}
	r := &StickRule{}
	e := a.Env
	place := sample.UseServerRule
	switch w {
	case "on":
		r.Match, r.StoreRequest = true, true
	case "match":
		r.Match = true
	case "store-request", "store": // the short form was never documented
		r.StoreRequest = true
	case "store-response":
		r.StoreResponse, place = true, sample.StickStoreRule
	default:
		return nil, refuse(at, usage)
	}
	if !a.More() {
		return nil, refuse(-1, "'stick' expects a fetch method.")
	}
	s, err := takeSample(a)
	if err != nil {
		return nil, prefixed(err, "'stick': ")
	}
	restore := sample.Within(e, place)
	r.expr, err = sample.CompileIf(e, s, func(x *sample.Expr) error {
		when := "during request"
		if r.StoreResponse {
			when = "for 'store-response'"
		}
		if x.Here(e) {
			return nil
		}
		return refuse(s.Index, "fetch method '%s' extracts information from '%s', none of which is available %s.", s.Text, x.Need, when)
	})
	restore()
	if err != nil {
		return nil, prefixed(err, "'stick': ")
	}
	name, nameAt := e.Owner, at
	for a.More() {
		w, at, _ := a.Next()
		switch w {
		case "table":
			name, nameAt, _ = a.Next()
			continue
		case "if", "unless":
			a.Pos--
		default:
			return nil, refuse(at, "'stick': unknown keyword '%s'.", w)
		}
		break
	}
	r.table = e.NewRef(keyword.ToTable, name, nameAt)
	r.table.Missing = fmt.Sprintf("Proxy '%s': unable to find stick-table '%s'.", e.Owner, name)
	r.table.Check = func(any) string {
		t := keyword.Target[*stick.Table](r.table)
		switch {
		case t == nil:
			return r.table.Missing
		case !sample.Castable(r.expr.Out, sample.StickType(t)):
			return fmt.Sprintf("Proxy '%s': type of fetch not usable with type of stick-table '%s'.", e.Owner, name)
		}
		t.EnableServers()
		return ""
	}
	return r, nil
}

// key returns the rule's table and key for a transaction, where the condition
// holds and the sample exists.
func (r *StickRule) key(t *tx.Tx, mem []byte) (*stick.Table, []byte, bool) {
	table := keyword.Target[*stick.Table](r.table)
	if table == nil || r.Cond.Eval(t) != pattern.Pass {
		return nil, nil, false
	}
	v := t.Borrow()
	defer t.Return()
	if !r.expr.Eval(t, tx.TypeAny, v) {
		return nil, nil, false
	}
	key, ok := sample.StickKey(mem, t, table, v)
	return table, key, ok
}

// Find returns the server of b that the transaction's key sticks to, nil
// where there is none. Whether the server may be used is for the caller to say.
func (r *StickRule) Find(t *tx.Tx, b *server.Backend) *server.Server {
	var mem [64]byte
	table, key, ok := r.key(t, mem[:0])
	if !ok {
		return nil
	}
	e := table.Touch(key, t.Now.UnixMilli())
	if e == nil {
		return nil
	}
	id, name := e.Server()
	if id == 0 && name == "" {
		return nil
	}
	for _, s := range b.Servers() {
		if name != "" && serverKey(table, s) == name {
			return s
		}
	}
	if name != "" {
		return nil
	}
	for _, s := range b.Servers() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// Store makes the transaction's key stick to the server that it uses. The key
// of a request rule is the request's: fetches that look either way, as
// "cookie" does, must not see the response.
func (r *StickRule) Store(t *tx.Tx) {
	if hasRes := t.HasRes; r.StoreRequest {
		t.HasRes = false
		defer func() { t.HasRes = hasRes }()
	}
	var mem [64]byte
	table, key, ok := r.key(t, mem[:0])
	if !ok || t.Server == nil || t.Server.Params != nil && t.Server.Params.NonStick {
		return
	}
	if e := table.Entry(key, t.Now.UnixMilli()); e != nil {
		e.SetServer(t.Server.ID, serverKey(table, t.Server))
	}
}

// serverKey is what identifies a server in a table: its name, or its address
// where the table says "srvkey addr".
func serverKey(table *stick.Table, s *server.Server) string {
	if !table.ByAddr {
		return s.Name
	}
	a := s.Addr()
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return netip.AddrPortFrom(ip, uint16(a.Port)).String()
	}
	return a.Host + ":" + strconv.Itoa(a.Port)
}
