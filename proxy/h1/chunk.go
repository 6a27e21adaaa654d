package h1

import (
	"bytes"
	"strconv"

	"tandem/proxy/tx"
)

// maxChunk is the largest chunk size accepted, exclusive.
const maxChunk = 1 << 52

type chunkState uint8

const (
	csSize  chunkState = iota // hexadecimal digits
	csBlank                   // blanks behind the size
	csExt                     // extension
	csQuote                   // quoted string in an extension
	csEsc                     // behind a backslash in it
	csLF                      // LF behind the CR of the size line
	csData
	csDataCR
	csDataLF
	csTrailer
	csDone
)

// Chunks takes the chunked coding (RFC 9112 7.1) off a stream of bytes.
// Extensions are checked and dropped.
type Chunks struct {
	Trailers tx.Message // fields only, copies

	opt     Options
	state   chunkState
	digits  bool
	size    uint64 // of the chunk being read, then what is left of it
	line    []byte // a trailer line that came in pieces
	trailer int    // bytes of all trailers
}

// Reset prepares c for the next body.
func (c *Chunks) Reset(o Options) {
	c.Trailers.Reset()
	*c = Chunks{Trailers: c.Trailers, opt: o, line: c.line[:0]}
}

// Rest returns how many bytes of the chunk under way are still to come.
func (c *Chunks) Rest() uint64 {
	if c.state == csData {
		return c.size
	}
	return 0
}

// Skip takes note of n data bytes of the chunk under way that went another way.
func (c *Chunks) Skip(n uint64) {
	if c.size -= n; c.size == 0 {
		c.state = csDataCR
	}
}

// Done says whether the last chunk and its trailers were read.
func (c *Chunks) Done() bool { return c.state == csDone }

// Next reads from src. It returns the data bytes that it came to (a part of
// src, perhaps none), and how many bytes of src are used up. Call it again
// with the rest until n is len(src) or Done.
func (c *Chunks) Next(src []byte) (data []byte, n int, err *Error) {
	for n < len(src) {
		b := src[n]
		switch c.state {
		case csSize:
			d := unhex(b)
			if d < 16 {
				if c.size = c.size<<4 | uint64(d); c.size >= maxChunk {
					return nil, n, bad(400, n, "chunk too large")
				}
				c.digits = true
				n++
				continue
			}
			if !c.digits {
				return nil, n, bad(400, n, "invalid chunk size")
			}
			c.state = csBlank
		case csBlank:
			switch b {
			case ' ', '\t':
			case ';':
				c.state = csExt
			case '\r':
				c.state = csLF
			default:
				return nil, n, bad(400, n, "invalid chunk size")
			}
			n++
		case csExt, csQuote, csEsc:
			if err := c.extension(b, n); err != nil {
				return nil, n, err
			}
			n++
		case csLF:
			if b != '\n' {
				return nil, n, bad(400, n, "CR without LF in chunk size line")
			}
			n++
			c.state, c.digits = csData, false
			if c.size == 0 {
				c.state = csTrailer
			}
		case csData:
			k := uint64(len(src) - n)
			if k > c.size {
				k = c.size
			}
			data = src[n : n+int(k)]
			n += int(k)
			if c.size -= k; c.size == 0 {
				c.state = csDataCR
			}
			return data, n, nil
		case csDataCR, csDataLF:
			if b != "\r\n"[c.state-csDataCR] {
				return nil, n, bad(400, n, "chunk does not end with CRLF")
			}
			n++
			if c.state++; c.state > csDataLF {
				c.state = csSize
			}
		case csTrailer:
			k, err := c.trailerLine(src[n:])
			n += k
			if err != nil {
				err.Pos += n
				return nil, n, err
			}
		case csDone:
			return nil, n, nil
		}
	}
	return nil, n, nil
}

func unhex(b byte) byte {
	switch {
	case b >= '0' && b <= '9':
		return b - '0'
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10
	}
	return 16
}

func (c *Chunks) extension(b byte, n int) *Error {
	switch {
	case c.state == csEsc:
		if b < ' ' && b != '\t' || b == 0x7f {
			return bad(400, n, "invalid chunk extension")
		}
		c.state = csQuote
	case b == '"':
		c.state = csExt + csQuote - c.state
	case b == '\\':
		if c.state != csQuote {
			return bad(400, n, "invalid chunk extension")
		}
		c.state = csEsc
	case b == '\r' && c.state == csExt:
		c.state = csLF
	case b < ' ' && b != '\t' || b == 0x7f:
		return bad(400, n, "invalid chunk extension")
	}
	return nil
}

// trailerLine reads one line of the trailer section from src, keeping the
// piece of an incomplete one.
func (c *Chunks) trailerLine(src []byte) (int, *Error) {
	i := bytes.IndexByte(src, '\n')
	n := i + 1
	if i < 0 {
		n = len(src)
	}
	if c.trailer += n; c.trailer > c.opt.limit()+DefaultMaxRewrite { // nothing is added to them
		return n, bad(400, 0, "trailers too long")
	}
	c.line = append(c.line, src[:n]...)
	if i < 0 {
		return n, nil
	}
	line := c.line[:len(c.line)-1]
	c.line = c.line[:0]
	if len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	if len(line) == 0 {
		c.state = csDone
		return n, nil
	}
	if bytes.IndexByte(line, 0) >= 0 || bytes.IndexByte(line, '\r') >= 0 {
		return n, bad(400, 0, "invalid character in trailers")
	}
	if line[0] == ' ' || line[0] == '\t' { // folded: behind the last value
		if k := len(c.Trailers.Fields); k > 0 {
			f := &c.Trailers.Fields[k-1]
			v := append(append(append([]byte(nil), f.Value...), ' ', ' '), line...) // blanks for the line end
			f.Value = trim(v)
			return n, nil
		}
		return n, bad(400, 0, "blank before the first trailer")
	}
	k, value, _, ok := splitField(line)
	name := line[:k:k]
	if !ok || len(name) > maxNameLen {
		return n, bad(400, 0, "invalid trailer name")
	}
	if len(c.Trailers.Fields) >= c.opt.maxHeaders()-1 {
		return n, bad(400, 0, "too many trailers")
	}
	c.Trailers.Add(name, value)
	return n, nil
}

// forwardable says whether a trailer goes on.
func (c *Chunks) forwardable(f *tx.Field) bool {
	switch f.ID {
	case tx.HdrContentLength, tx.HdrTransferEncoding, tx.HdrHost:
		return c.opt.KeepUnsafeTrailers
	}
	return true
}

// AppendTrailers appends the last chunk with the trailers that may go on.
func (c *Chunks) AppendTrailers(dst []byte, drop bool) []byte {
	dst = append(dst, "0\r\n"...)
	for i := range c.Trailers.Fields {
		if f := &c.Trailers.Fields[i]; !drop && c.forwardable(f) {
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	return append(dst, "\r\n"...)
}

// ChunkHeadLen is the space that AppendChunkHead needs at most.
const ChunkHeadLen = 18

// AppendChunkHead appends the size line of a chunk of n bytes.
func AppendChunkHead(dst []byte, n int) []byte {
	return append(strconv.AppendUint(dst, uint64(n), 16), "\r\n"...)
}

// AppendTrailers appends the last chunk with fields that came another way than
// in chunks.
func AppendTrailers(dst []byte, fields []tx.Field, drop bool) []byte {
	c := Chunks{Trailers: tx.Message{Fields: fields}}
	return c.AppendTrailers(dst, drop)
}
