package engine

import (
	"crypto/sha1"
	"encoding/base64"

	"tandem/proxy/h1"
	"tandem/proxy/h2"
	"tandem/proxy/tx"
)

const webSocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgradeToH2 makes an HTTP/1 upgrade an extended CONNECT (RFC 8441 5); the
// client's key stays with us, for the answer.
func (c *conn) upgradeToH2(m *tx.Message) {
	c.wsKey = nil
	if c.p.Flags&h1.ConnUpgrade == 0 {
		return
	}
	if k := m.Get(nameWSKey); k != nil {
		c.wsKey = append([]byte(nil), k...)
		m.Del(nameWSKey)
	}
	if st, ok := c.up.mux.(*h2.Stream); ok {
		st.Protocol = append(st.Protocol[:0], m.GetID(tx.HdrUpgrade)...)
	}
}

// muxUpgraded makes a server's answer to an extended CONNECT the one that
// HTTP/1 has for an upgrade.
func (c *conn) muxUpgraded() {
	m := &c.t.Res
	if m.Status/100 != 2 {
		return
	}
	switch {
	case c.p.Flags&h1.ConnUpgrade != 0:
		m.Status, m.Reason, m.Version = 101, []byte(tx.Reason(101)), 11
		m.Append(nameConnection, valueUpgrade)
		if st, ok := c.up.mux.(*h2.Stream); ok {
			m.Append(nameUpgrade, st.Protocol)
		}
		if c.wsKey != nil && c.st == nil {
			sum := sha1.Sum(append(append([]byte(nil), c.wsKey...), webSocketGUID...))
			m.Append(nameWSAccept, base64.StdEncoding.AppendEncode(nil, sum[:]))
		}
		m.Framing = tx.Tunnel
	case string(c.wireMethod) == "CONNECT":
		m.Framing = tx.Tunnel
	}
}
