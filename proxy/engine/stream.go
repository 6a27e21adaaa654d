package engine

import (
	"time"

	"tandem/proxy/fcgi"
	"tandem/proxy/h1"
	"tandem/proxy/h2"
	"tandem/proxy/tx"
)

// streamFlags gives a stream's request the facts that the HTTP/1 parser would
// have found, and the fields that an upgrade has there (RFC 8441 5).
func (x *conn) streamFlags() {
	m := &x.t.Req
	if x.st.Flags&h2.Expect100 != 0 {
		x.p.Flags |= h1.Expect100
	}
	if x.st.Flags&h2.ExtConnect != 0 {
		x.p.Flags |= h1.ConnUpgrade
		if string(x.st.Protocol) == "websocket" {
			x.p.Flags |= h1.WebSocket
		}
		m.Append(nameConnection, valueUpgrade)
		m.Append(nameUpgrade, x.st.Protocol)
		m.Framing = tx.NoBody // what follows belongs to the tunnel
	} else if string(m.Method) == "CONNECT" {
		m.Framing = tx.NoBody
	}
}

var (
	nameUpgrade  = []byte("upgrade")
	valueUpgrade = []byte("upgrade")
	nameTE       = []byte("transfer-encoding")
	valueChunked = []byte("chunked")
)

// startStream prepares b for the body of a message that came on a stream.
func (b *body) startStream(s *sock, buf *buffer, m *tx.Message, st muxStream) {
	b.start(s, buf, m, h1.Options{})
	if st, ok := st.(*fcgi.Stream); ok && st.Chunked { // a coding of the application's own
		return
	}
	b.mux = st
	if b.framing == tx.Chunked { // its end is the stream's
		b.framing = tx.UntilClose
	}
}

// trailers are the fields behind the body, once it is done.
func (b *body) trailers() []tx.Field {
	switch {
	case !b.done:
		return nil
	case b.mux != nil:
		return b.mux.Trailers().Fields
	case b.framing == tx.Chunked:
		return b.ch.Trailers.Fields
	}
	return nil
}

// over says that the body is taken and nothing follows it.
func (b *body) over(drop bool) bool { return b.finished() && (drop || len(b.trailers()) == 0) }

// passMux is pass to a stream.
func (f *framed) passMux(b *body, deadline time.Time) error {
	data := b.ready()
	if len(data) == 0 && !b.done {
		return nil
	}
	f.sent += uint64(len(data))
	last := b.done
	b.take(len(data))
	f.ended(b)
	return f.toMux(data, b, last, deadline)
}

// toMux sends data of b; last says that only trailers follow.
func (f *framed) toMux(data []byte, b *body, last bool, deadline time.Time) error {
	var tr []tx.Field
	if last && !f.drop {
		tr = b.trailers()
	}
	err := f.mux.Send(data, last && len(tr) == 0, deadline)
	if err == nil && len(tr) > 0 {
		err = f.mux.SendTrailers(tr)
	}
	return err
}

// put writes bytes of a body of known length; last says that nothing follows.
func (f *framed) put(p []byte, last bool, deadline time.Time) error {
	if f.mux != nil {
		return f.mux.Send(p, last, deadline)
	}
	return f.dst.write(p, deadline)
}

// sendMessage sends an answer of the proxy's own on a stream.
func (c *conn) sendMessage(m *tx.Message, body []byte) error {
	if err := c.st.SendHead(m, len(body) == 0); err != nil || len(body) == 0 {
		return err
	}
	return c.st.Send(body, true, c.writeDeadline())
}

// interim sends an interim response to the client.
func (c *conn) interim(m *tx.Message) error {
	if c.st != nil {
		return c.st.SendHead(m, false)
	}
	if c.out == nil {
		c.out = c.e.bufs.get()
	}
	return c.cli.write(h1.AppendResponse(c.out.b[:0], m, c.adjust()), c.writeDeadline())
}

// appendEnd appends the last chunk of a body that goes on in chunks, with its
// trailers.
func (b *body) appendEnd(dst []byte, drop bool) []byte {
	switch {
	case b.mux != nil:
		return h1.AppendTrailers(dst, b.trailers(), drop)
	case b.framing == tx.Chunked:
		return b.ch.AppendTrailers(dst, drop)
	}
	return append(dst, "0\r\n\r\n"...)
}
