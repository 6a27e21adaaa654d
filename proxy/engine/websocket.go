package engine

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"

	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

var (
	nameWSKey    = []byte("sec-websocket-key")
	nameWSAccept = []byte("sec-websocket-accept")
)

// webSocketKey adds the key that HTTP/1 wants with a request for a websocket
// and that HTTP/2 does not know (RFC 8441 5, RFC 6455 4.1).
func (c *conn) webSocketKey(m *tx.Message) {
	c.wsKey = nil
	if c.st == nil || c.p.Flags&h1.WebSocket == 0 || m.Has(nameWSKey) {
		return
	}
	var raw [16]byte
	rand.Read(raw[:])
	c.wsKey = base64.StdEncoding.AppendEncode(nil, raw[:])
	m.Append(nameWSKey, c.wsKey)
}

// webSocketAccepted checks the server's answer to that key, and takes it away
// from the response (RFC 6455 4.2.2).
func (c *conn) webSocketAccepted(m *tx.Message) bool {
	if c.wsKey == nil {
		return true
	}
	sum := sha1.Sum(append(append([]byte(nil), c.wsKey...), webSocketGUID...))
	ok := string(m.Get(nameWSAccept)) == base64.StdEncoding.EncodeToString(sum[:])
	m.Del(nameWSAccept)
	return ok
}
