package cli

import (
	"fmt"
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// showErrors prints the last malformed messages ("show errors", management
// manual 9.3), of all proxies or of one.
func showErrors(c *Call) {
	id, name := -1, c.arg(0)
	if name != "" && name != "-1" {
		p := c.proxyOf(name, keyword.Listen)
		if p == nil {
			p = c.proxyOf("#"+name, keyword.Listen)
		}
		if n, err := strconv.Atoi(name); p == nil && err == nil {
			id = n // an id that no proxy has matches nothing
		} else if p == nil {
			c.fail("No such proxy.")
			return
		} else {
			id = p.ID
		}
	}
	only := c.arg(1)
	var total uint64
	var list []*tx.BadMessage
	if c.BadMessages != nil {
		total, list = c.BadMessages()
	}
	c.printf("Total events captured on [%s] : %d\n", c.now().Format(captureTime), total)
	for _, b := range list {
		if id >= 0 && b.ProxyID != id && b.OtherID != id || only == "request" && b.Response || only == "response" && !b.Response {
			continue
		}
		c.printf("%s", badMessage(nil, b))
	}
}

const captureTime = "02/Jan/2006:15:04:05.000"

// badMessage appends the report of one message.
func badMessage(d []byte, b *tx.BadMessage) []byte {
	named := func(n string, id int) string {
		if n == "" {
			return "<NONE> (#-1)"
		}
		return fmt.Sprintf("%s (#%d)", n, id)
	}
	if b.Response {
		d = fmt.Appendf(d, " \n[%s] backend %s: invalid response\n  frontend %s", b.When.Format(captureTime), named(b.Proxy, b.ProxyID), named(b.Other, b.OtherID))
	} else {
		d = fmt.Appendf(d, " \n[%s] frontend %s: invalid request\n  backend %s", b.When.Format(captureTime), named(b.Proxy, b.ProxyID), named(b.Other, b.OtherID))
	}
	src := "unix:1"
	if b.Src.IsValid() {
		src = b.Src.Addr().Unmap().String() + ":" + strconv.Itoa(int(b.Src.Port()))
	}
	d = fmt.Appendf(d, ", server %s, event #%d, src %s\n", named(b.Server, b.ServerID), b.Event, src)
	d = fmt.Appendf(d, "  buffer starts at 0 (including 0 out), %d free,\n  len %d, wraps at %d, error at position %d\n",
		max(b.BufSize-len(b.Data), 0), len(b.Data), b.BufSize-wrapShort, b.Pos)
	conn := uint32(0)
	if b.Response {
		conn = 0x80000000
	}
	d = fmt.Appendf(d, "  H1 connection flags 0x%08x, H1 stream flags 0x%08x\n", conn, b.StreamFlags)
	d = fmt.Appendf(d, "  H1 msg state %s(%d), H1 msg flags 0x%08x\n", b.State, b.StateID, b.Flags)
	d = fmt.Appendf(d, "  H1 chunk len %d bytes, H1 body len %d bytes :\n  \n", b.ChunkLen, b.BodyLen)
	return dumpLines(d, b.Data)
}

// wrapShort is how much shorter than tune.bufsize the original says that its
// buffer is, bytes.
const wrapShort = 40

// dumpWidth is how many columns the text of one line may take.
const dumpWidth = 70

// dumpLines appends data line by line, each with the offset of its first byte;
// a "+" marks a line that goes on.
func dumpLines(d, data []byte) []byte {
	for i := 0; i < len(data); {
		mark := byte(' ')
		if i > 0 && data[i-1] != '\n' {
			mark = '+'
		}
		d = fmt.Appendf(d, "  %05d%c ", i, mark)
		for n := 0; i < len(data); i++ {
			var w [4]byte
			e := escaped(w[:0], data[i])
			if n += len(e); n > dumpWidth {
				break
			}
			d = append(d, e...)
			if data[i] == '\n' {
				i++
				break
			}
		}
		d = append(d, '\n')
	}
	return d
}

// escaped appends c as the report shows it.
func escaped(d []byte, c byte) []byte {
	switch {
	case c == '\t':
		return append(d, `\t`...)
	case c == '\n':
		return append(d, `\n`...)
	case c == '\r':
		return append(d, `\r`...)
	case c == 0x1b:
		return append(d, `\e`...)
	case c == '\\':
		return append(d, `\\`...)
	case c < ' ' || c >= 0x7f:
		const hex = "0123456789ABCDEF"
		return append(d, '\\', 'x', hex[c>>4], hex[c&15])
	}
	return append(d, c)
}
