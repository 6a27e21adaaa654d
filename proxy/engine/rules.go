package engine

import (
	"bytes"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// page completes an answer that a rule gave: one without a body of its own
// is the proxy's error file for its status, with the rule's fields instead of
// the same ones there.
func (c *conn) page(r *tx.Reply) *tx.Reply {
	if r.Raw != nil || r.Body != nil || r.Silent {
		return r
	}
	file := c.errorReply(r.Status)
	if len(r.Fields) == 0 && !r.Close {
		return file
	}
	out := *file
	out.Close = out.Close || r.Close
	out.Fields = nil
	for _, f := range file.Fields {
		if !hasField(r.Fields, f.Name) {
			out.Fields = append(out.Fields, f)
		}
	}
	out.Fields = append(out.Fields, r.Fields...)
	if file.Raw != nil {
		out.Raw = spliceFields(file.Raw, r.Fields)
	}
	return &out
}

func hasField(fields []tx.Field, name []byte) bool {
	for i := range fields {
		if string(fields[i].Name) == string(name) {
			return true
		}
	}
	return false
}

// tarpitTime is how long a tarpitted client waits: what a rule said, the
// proxy's "timeout tarpit", or its "timeout connect".
func (c *conn) tarpitTime(r *tx.Reply) time.Duration {
	if r.Delay > 0 {
		return r.Delay
	}
	if d := c.t.Settings.TimeoutTarpit; d != nil {
		return *d
	}
	p := c.fe.p
	if c.backSeen {
		p = c.be.p
	}
	return orConnect(p)
}

func orConnect(p *config.Proxy) time.Duration {
	if p.Timeouts.Tarpit > 0 {
		return p.Timeouts.Tarpit
	}
	return p.Timeouts.Connect
}

// stuck returns the server that a "stick match" or "stick on" line finds for
// the transaction, nil where none does.
func (c *conn) stuck() *server.Server {
	for _, r := range c.be.sticks {
		if !r.Match {
			continue
		}
		if s := r.Find(&c.t, c.be.b); s != nil && (c.usable(s) || c.be.persist || c.t.Settings.ForcePersist) {
			return s
		}
	}
	return nil
}

// storeSticks remembers the server for the keys of the "stick on" and "stick
// store" lines, once it answered; response says that there is a response to
// take keys from.
func (c *conn) storeSticks(response bool) {
	for _, r := range c.be.sticks {
		if r.StoreRequest || r.StoreResponse && response {
			r.Store(&c.t)
		}
	}
}

// spliceFields puts fields into the head of a raw response, in place of those
// of the same name.
func spliceFields(raw []byte, fields []tx.Field) []byte {
	out := make([]byte, 0, len(raw)+128)
	first := true
	for len(raw) > 0 {
		line := raw
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			line = raw[:i+1]
		}
		text := bytes.TrimRight(line, "\r\n")
		if len(text) == 0 {
			for _, f := range fields {
				out = append(append(append(append(out, f.Name...), ": "...), f.Value...), "\r\n"...)
			}
			return append(out, raw...)
		}
		raw = raw[len(line):]
		if name, _, ok := bytes.Cut(text, []byte(":")); first || !ok || !hasField(fields, bytes.ToLower(name)) {
			out = append(out, line...)
		}
		first = false
	}
	return out
}

// codes returns what statuses count as for tracked entries, where the global
// section says so.
func (rt *setup) codes() tx.StatusCodes {
	if g := &rt.cfg.Global; g.CodesSet {
		return tx.StatusCodes{Err: &g.HTTPErrCodes, Fail: &g.HTTPFailCodes}
	}
	return tx.StatusCodes{}
}
