package sample

import (
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// ProxySettings tells what proxies are configured with; the config room
// implements it and it reaches the fetches through the Env. It is asked while
// traffic runs, so it must not allocate. which is "client", "server",
// "connect", "queue", "tarpit" or "tunnel".
type ProxySettings interface {
	// FrontendTimeout returns a timeout of a frontend, 0 for none.
	FrontendTimeout(f *listen.Frontend, which string) time.Duration
	// BackendTimeout returns a timeout of a backend, 0 for none.
	BackendTimeout(b *server.Backend, which string) time.Duration
	// BackendRetries returns "retries" of a backend.
	BackendRetries(b *server.Backend) int
	// DefaultBackendName returns the name of a frontend's default backend, ""
	// for none.
	DefaultBackendName(f *listen.Frontend) string
}

// timeoutFetches are what proxies are configured with, and what rules made of
// it for this transaction (cur_). Times are in milliseconds.
var timeoutFetches = []word[Fetch]{
	fetch("be_connect_timeout", "", tx.TypeInt, Backend, "Connect timeout of the backend, in ms.", newBackTimeout("connect", nil)),
	fetch("be_queue_timeout", "", tx.TypeInt, Backend, "Queue timeout of the backend, in ms.", newBackTimeout("queue", nil)),
	fetch("be_server_timeout", "", tx.TypeInt, Backend, "Server timeout of the backend, in ms.", newBackTimeout("server", nil)),
	fetch("be_tarpit_timeout", "", tx.TypeInt, Backend, "Tarpit timeout of the backend, in ms.", newBackTimeout("tarpit", nil)),
	fetch("be_tunnel_timeout", "", tx.TypeInt, Backend, "Tunnel timeout of the backend, in ms.", newBackTimeout("tunnel", nil)),
	fetch("be_max_retries", "", tx.TypeInt, Backend, "Retries that the backend allows.", newRetries(nil)),
	fetch("fe_client_timeout", "", tx.TypeInt, Listener, "Client timeout of the frontend, in ms.", newFrontTimeout("client", nil)),
	fetch("fe_tarpit_timeout", "", tx.TypeInt, Listener, "Tarpit timeout of the frontend, in ms.", newFrontTimeout("tarpit", nil)),
	fetch("cur_client_timeout", "", tx.TypeInt, Listener, "Client timeout in force, in ms.", newFrontTimeout("client", func(s *tx.Settings) *time.Duration { return s.TimeoutClient })),
	fetch("cur_tarpit_timeout", "", tx.TypeInt, ClientL4, "Tarpit timeout in force, in ms.", newFrontTimeout("tarpit", func(s *tx.Settings) *time.Duration { return s.TimeoutTarpit })),
	fetch("cur_connect_timeout", "", tx.TypeInt, Backend, "Connect timeout in force, in ms.", newBackTimeout("connect", func(s *tx.Settings) *time.Duration { return s.TimeoutConnect })),
	fetch("cur_queue_timeout", "", tx.TypeInt, Backend, "Queue timeout in force, in ms.", newBackTimeout("queue", func(s *tx.Settings) *time.Duration { return s.TimeoutQueue })),
	fetch("cur_server_timeout", "", tx.TypeInt, Backend, "Server timeout in force, in ms.", newBackTimeout("server", func(s *tx.Settings) *time.Duration { return s.TimeoutServer })),
	fetch("cur_tunnel_timeout", "", tx.TypeInt, Backend, "Tunnel timeout in force, in ms.", newBackTimeout("tunnel", func(s *tx.Settings) *time.Duration { return s.TimeoutTunnel })),
	fetch("cur_max_retries", "", tx.TypeInt, Backend, "Retries allowed now.", newRetries(func(s *tx.Settings) *int { return s.Retries })),
	fetch("fe_defbe", "", tx.TypeStr, Listener, "Name of the frontend's default backend.", newDefaultBackend),
}

// newBackTimeout makes a fetch of a backend's timeout, or of what a rule set
// instead where over finds it.
func newBackTimeout(which string, over func(*tx.Settings) *time.Duration) buildFunc {
	return newTimeout(over, func(conf ProxySettings, t *tx.Tx) time.Duration {
		if t.Back == nil {
			return 0
		}
		return conf.BackendTimeout(t.Back, which)
	})
}

// newFrontTimeout is newBackTimeout for a frontend's.
func newFrontTimeout(which string, over func(*tx.Settings) *time.Duration) buildFunc {
	return newTimeout(over, func(conf ProxySettings, t *tx.Tx) time.Duration {
		if t.Sess.Front == nil {
			return 0
		}
		return conf.FrontendTimeout(t.Sess.Front, which)
	})
}

func newTimeout(over func(*tx.Settings) *time.Duration, configured func(ProxySettings, *tx.Tx) time.Duration) buildFunc {
	return func(e *keyword.Env, _ args) (evalFunc, error) {
		conf := keyword.Attached[ProxySettings](e)
		return func(t *tx.Tx, v *Value) bool {
			if over != nil {
				if d := over(&t.Settings); d != nil {
					v.SetInt(millis(*d))
					return true
				}
			}
			if conf == nil {
				return false
			}
			d := configured(conf, t)
			v.SetInt(millis(d))
			return d > 0
		}, nil
	}
}

func newRetries(over func(*tx.Settings) *int) buildFunc {
	return func(e *keyword.Env, _ args) (evalFunc, error) {
		conf := keyword.Attached[ProxySettings](e)
		return func(t *tx.Tx, v *Value) bool {
			if over != nil {
				if n := over(&t.Settings); n != nil {
					v.SetInt(int64(*n))
					return true
				}
			}
			if conf == nil || t.Back == nil {
				return false
			}
			v.SetInt(int64(conf.BackendRetries(t.Back)))
			return true
		}, nil
	}
}

func newDefaultBackend(e *keyword.Env, _ args) (evalFunc, error) {
	conf := keyword.Attached[ProxySettings](e)
	return func(t *tx.Tx, v *Value) bool {
		if conf == nil || t.Sess.Front == nil {
			return false
		}
		name := conf.DefaultBackendName(t.Sess.Front)
		v.SetStr(stringBytes(t, name))
		return name != ""
	}, nil
}
