package filter

import (
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// Compressor compresses one body after the other. What it made stands in Out,
// which the user empties.
type Compressor struct {
	Out []byte

	algo  Algo
	level int
	w     encoder // nil for identity
}

// encoder is what the writers of the three formats have in common.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// compressors are idle ones, by algorithm and level: each holds some hundred
// kilobytes, which only connections need that are compressing.
var compressors [RawDeflate + 1][10]sync.Pool

// NewCompressor returns a compressor that begins a body. level is that of
// zlib, 1 to 9. Free gives it back.
func NewCompressor(a Algo, level int) *Compressor {
	c, _ := compressors[a][level].Get().(*Compressor)
	if c == nil {
		c = &Compressor{algo: a, level: level}
		c.w = c.encoder() // levels are in range: that is the only error
	}
	if c.w != nil {
		c.w.Reset((*sink)(c))
	}
	return c
}

func (c *Compressor) encoder() encoder {
	switch c.algo {
	case Gzip:
		w, _ := gzip.NewWriterLevel(nil, c.level)
		return w
	case Deflate:
		w, _ := zlib.NewWriterLevel(nil, c.level)
		return w
	case RawDeflate:
		w, _ := flate.NewWriter(nil, c.level)
		return w
	}
	return nil
}

// Algo is the algorithm that the compressor was made for.
func (c *Compressor) Algo() Algo { return c.algo }

// Write compresses p; what comes of it may appear in Out later. It cannot fail.
func (c *Compressor) Write(p []byte) {
	if c.w == nil {
		c.Out = append(c.Out, p...)
		return
	}
	c.w.Write(p) //nolint:errcheck // the sink takes all
}

// Flush brings all that was written into Out, so that the receiver can read it.
func (c *Compressor) Flush() {
	if c.w != nil {
		c.w.Flush() //nolint:errcheck // the sink takes all
	}
}

// Close ends the body.
func (c *Compressor) Close() {
	if c.w != nil {
		c.w.Close() //nolint:errcheck // the sink takes all
	}
}

// keepOut is the largest output buffer that idle compressors keep, in bytes.
const keepOut = 64 << 10

// Free ends the use of c, wherever it stands in a body.
func (c *Compressor) Free() {
	if cap(c.Out) > keepOut {
		c.Out = nil
	}
	c.Out = c.Out[:0]
	compressors[c.algo][c.level].Put(c)
}

// sink is the compressor as the writer of its own encoder.
type sink Compressor

// Write collects the compressed bytes.
func (s *sink) Write(p []byte) (int, error) {
	s.Out = append(s.Out, p...)
	return len(p), nil
}
