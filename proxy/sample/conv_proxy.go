package sample

import (
	"bytes"

	"tandem/parser/keyword"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// Proxies finds proxies by name while traffic runs; the config room hands
// its own to the converters that need one through the Env.
type Proxies interface {
	// BackendByName returns a backend, nil if there is none.
	BackendByName(name string) *server.Backend
	// HasFrontend says whether there is a frontend of that name.
	HasFrontend(name string) bool
}

// proxyConvs look up proxies and servers whose name is the sample.
var proxyConvs = []word[Conv]{
	conv("nbsrv", "", tx.TypeStr, tx.TypeInt, "Count of usable servers of the backend of that name.", newNamedBackend),
	conv("fe_exists", "", tx.TypeStr, tx.TypeBool, "Whether there is a frontend of that name.", newFrontendExists),
	conv("srv_is_up", "", tx.TypeStr, tx.TypeBool, "Whether the server of that name, as backend/server, is usable.", newNamedServer(func(s *server.Server, v *Value) { v.SetBool(s.Willing()) })),
	conv("srv_queue", "", tx.TypeStr, tx.TypeInt, "Requests in the queue of the server of that name.", newNamedServer(func(s *server.Server, v *Value) { v.SetInt(s.Waiting()) })),
}

func newNamedBackend(e *keyword.Env, _ args) (evalFunc, error) {
	find := keyword.Attached[Proxies](e)
	return func(_ *tx.Tx, v *Value) bool {
		if find == nil {
			return false
		}
		b := find.BackendByName(string(v.B))
		if b == nil {
			return false
		}
		v.SetInt(usableServers(b))
		return true
	}, nil
}

func newFrontendExists(e *keyword.Env, _ args) (evalFunc, error) {
	find := keyword.Attached[Proxies](e)
	return func(_ *tx.Tx, v *Value) bool {
		v.SetBool(find != nil && find.HasFrontend(string(v.B)))
		return true
	}, nil
}

func newNamedServer(get func(*server.Server, *Value)) buildFunc {
	return func(e *keyword.Env, _ args) (evalFunc, error) {
		find := keyword.Attached[Proxies](e)
		return func(t *tx.Tx, v *Value) bool {
			b, name := t.Back, v.B
			if i := bytes.IndexByte(name, '/'); i >= 0 {
				if find == nil {
					return false
				}
				b, name = find.BackendByName(string(name[:i])), name[i+1:]
			}
			if b == nil {
				return false
			}
			s := b.Server(string(name))
			if s == nil {
				return false
			}
			get(s, v)
			return true
		}, nil
	}
}
