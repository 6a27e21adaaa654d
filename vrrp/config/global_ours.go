package config

import (
	"net/netip"
	"path/filepath"

	"tandem/parser/expr"
)

// globalOurs are words that only this program has; the original takes them for
// unknown. All begin with "tandem_", and without them nothing of theirs happens.
func globalOurs() []def[Global] {
	return []def[Global]{
		words(kw("tandem_status", 0, "Ours: serve /status (JSON), /metrics (Prometheus) and /healthz over HTTP, at IP:PORT or at a unix socket."), statusWord),
		flag(kw("tandem_split_brain", 0, "Ours: log a second master that does not give way, and announce the addresses again when it is gone."),
			func(t *Global) { t.SplitBrain = true }),
		flag(kw("tandem_restore_addresses", 0, "Ours: put addresses back at once that somebody removes from a master, which stays master."),
			func(t *Global) { t.RestoreAddresses = true }),
	}
}

// statusWord reads tandem_status.
func statusWord(c *compiler, t *Global, w []expr.Word) {
	if len(w) == 0 {
		c.say("tandem_status needs IP:PORT or the path of a socket")
		return
	}
	for _, x := range w {
		_, err := netip.ParseAddrPort(x.Text)
		if err != nil && !filepath.IsAbs(x.Text) {
			c.sayAt(x.Index, "tandem_status %s is neither IP:PORT nor the path of a socket - ignoring", x.Text)
			continue
		}
		t.Status = append(t.Status, x.Text)
	}
}
