package sample

import (
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// proxyFetches ask backends, frontends and servers for their state. A name
// left out means the proxy in whose rules the fetch stands.
var proxyFetches = []word[Fetch]{
	fetch("nbsrv", "backend", tx.TypeInt, Internal, "Count of usable servers of a backend.", newBackend(func(b *server.Backend, _ *tx.Tx) int64 { return usableServers(b) })),
	fetch("be_conn", "backend", tx.TypeInt, Internal, "Connections of a backend now, those in its queue included.", newBackend(func(b *server.Backend, _ *tx.Tx) int64 { return int64(b.Stats.Sess.Load()) })),
	fetch("be_conn_free", "backend", tx.TypeInt, Internal, "Connections that a backend's servers can still take; -1: no limit.", newBackend(freeConns)),
	fetch("be_sess_rate", "backend", tx.TypeInt, Internal, "Sessions of a backend over the last second.", newBackend(func(b *server.Backend, t *tx.Tx) int64 { return int64(b.Stats.SessRate.Read(nowMS(t))) })),
	fetch("connslots", "backend", tx.TypeInt, Internal, "Connections and queue places left on a backend's servers; -1: no limit.", newBackend(connSlots)),
	fetch("queue", "backend", tx.TypeInt, Internal, "Requests in all queues of a backend.", newBackend(func(b *server.Backend, _ *tx.Tx) int64 { return b.Waiting() })),
	fetch("avg_queue", "backend", tx.TypeInt, Internal, "Requests in all queues of a backend divided by its usable servers.", newBackend(averageQueue)),
	fetch("be_name", "", tx.TypeStr, Backend, "Name of the backend in use.", plain(evalBackendName)),
	fetch("be_id", "", tx.TypeInt, Backend, "Number of the backend in use.", plain(evalBackendID)),
	fetch("bc_be_queue", "", tx.TypeInt, ServerL4, "Requests before this one in the backend's queue.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.QueueBack)); return true })),
	fetch("bc_srv_queue", "", tx.TypeInt, ServerL4, "Requests before this one in the server's queue.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.QueueSrv)); return true })),
	fetch("fe_conn", "frontend", tx.TypeInt, Internal, "Connections of a frontend now.", newFrontend(func(f *listen.Frontend, _ *tx.Tx) int64 { return int64(f.Stats.Sess.Load()) })),
	fetch("fe_req_rate", "frontend", tx.TypeInt, Internal, "Requests of a frontend over the last second.", newFrontend(func(f *listen.Frontend, t *tx.Tx) int64 { return int64(f.Stats.ReqRate.Read(nowMS(t))) })),
	fetch("fe_sess_rate", "frontend", tx.TypeInt, Internal, "Sessions of a frontend over the last second.", newFrontend(func(f *listen.Frontend, t *tx.Tx) int64 { return int64(f.Stats.SessRate.Read(nowMS(t))) })),
	fetch("fe_name", "", tx.TypeStr, Listener, "Name of the frontend.", plain(evalFrontendName)),
	fetch("fe_id", "", tx.TypeInt, Listener, "Number of the frontend.", plain(evalFrontendID)),
	fetch("srv_id", "", tx.TypeInt, Server, "Number of the server in use.", plain(evalServerID)),
	fetch("srv_name", "", tx.TypeStr, Server, "Name of the server in use.", plain(evalServerName)),
	fetch("srv_is_up", "server", tx.TypeBool, Internal, "Whether a server is usable.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) { v.SetBool(s.Willing()) })),
	fetch("srv_conn", "server", tx.TypeInt, Internal, "Connections of a server now.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) { v.SetInt(s.Cur()) })),
	fetch("srv_conn_free", "server", tx.TypeInt, Internal, "Connections that a server can still take; -1: no limit.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) { v.SetInt(serverFree(s)) })),
	fetch("srv_queue", "server", tx.TypeInt, Internal, "Requests in a server's queue.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) { v.SetInt(s.Waiting()) })),
	fetch("srv_sess_rate", "server", tx.TypeInt, Internal, "Sessions of a server over the last second.", newServer(func(s *server.Server, t *tx.Tx, v *Value) { v.SetInt(int64(s.Stats.SessRate.Read(nowMS(t)))) })),
	fetch("srv_weight", "server", tx.TypeInt, Internal, "Effective weight of a server.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) {
		v.SetInt(int64((s.EffectiveWeight() + server.WeightScale - 1) / server.WeightScale))
	})),
	fetch("srv_uweight", "server", tx.TypeInt, Internal, "Weight of a server as set.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) { v.SetInt(int64(s.Weight())) })),
	fetch("srv_iweight", "server", tx.TypeInt, Internal, "Weight of a server in the configuration.", newServer(func(s *server.Server, _ *tx.Tx, v *Value) { v.SetInt(int64(s.InitialWeight())) })),
}

// nowMS is the moment of the rules in the unit of package stats.
func nowMS(t *tx.Tx) int64 {
	if t.Now.IsZero() {
		return time.Now().UnixMilli()
	}
	return t.Now.UnixMilli()
}

// newBackend makes a fetch of a number of a backend.
func newBackend(get func(*server.Backend, *tx.Tx) int64) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		ref := a[0].ref
		return func(t *tx.Tx, v *Value) bool {
			b := t.Back
			if ref != nil {
				b = keyword.Target[*server.Backend](ref)
			}
			if b == nil {
				return false
			}
			v.SetInt(get(b, t))
			return true
		}, nil
	}
}

func newFrontend(get func(*listen.Frontend, *tx.Tx) int64) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		ref := a[0].ref
		return func(t *tx.Tx, v *Value) bool {
			f := t.Sess.Front
			if ref != nil {
				f = keyword.Target[*listen.Frontend](ref)
			}
			if f == nil {
				return false
			}
			v.SetInt(get(f, t))
			return true
		}, nil
	}
}

func newServer(get func(*server.Server, *tx.Tx, *Value)) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		ref := a[0].ref
		return func(t *tx.Tx, v *Value) bool {
			s := keyword.Target[*server.Server](ref)
			if s == nil {
				return false
			}
			get(s, t, v)
			return true
		}, nil
	}
}

func usableServers(b *server.Backend) int64 { return int64(len(b.Farm().Servers)) }

// freeConns is be_conn_free: what the servers can take, -1 where one has no limit.
func freeConns(b *server.Backend, _ *tx.Tx) (n int64) {
	for _, s := range b.Farm().Servers {
		free := serverFree(s)
		if free < 0 {
			return -1
		}
		n += free
	}
	return n
}

// connSlots is connslots: the same with the places in their queues.
func connSlots(b *server.Backend, _ *tx.Tx) (n int64) {
	for _, s := range b.Farm().Servers {
		if s.MaxConn() == 0 || s.Params.MaxQueue == 0 {
			return -1
		}
		n += s.MaxConn() - s.Cur() + int64(s.Params.MaxQueue) - s.Waiting()
	}
	return max(0, n)
}

func serverFree(s *server.Server) int64 {
	if s.MaxConn() == 0 {
		return -1
	}
	return max(0, s.MaxConn()-s.Cur())
}

func averageQueue(b *server.Backend, _ *tx.Tx) int64 {
	n := usableServers(b)
	if n == 0 {
		return b.Waiting()
	}
	return (b.Waiting() + n - 1) / n
}

func evalBackendName(t *tx.Tx, v *Value) bool {
	if t.Back == nil {
		return false
	}
	v.SetStr(stringBytes(t, t.Back.Name))
	return true
}

func evalBackendID(t *tx.Tx, v *Value) bool {
	if t.Back == nil {
		return false
	}
	v.SetInt(int64(t.Back.ID))
	return true
}

func evalFrontendName(t *tx.Tx, v *Value) bool {
	if t.Sess.Front == nil {
		return false
	}
	v.SetStr(stringBytes(t, t.Sess.Front.Name))
	return true
}

func evalFrontendID(t *tx.Tx, v *Value) bool {
	if t.Sess.Front == nil {
		return false
	}
	v.SetInt(int64(t.Sess.Front.ID))
	return true
}

func evalServerID(t *tx.Tx, v *Value) bool {
	if t.Server == nil {
		return false
	}
	v.SetInt(int64(t.Server.ID))
	return true
}

func evalServerName(t *tx.Tx, v *Value) bool {
	if t.Server == nil {
		return false
	}
	v.SetStr(stringBytes(t, t.Server.Name))
	return true
}
