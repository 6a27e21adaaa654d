package h2

import (
	"runtime"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"
)

// Conn is one connection. Its reader owns the fields behind mu's; mu guards
// the others.
type Conn struct {
	cfg  Config
	wire Wire

	mu       sync.Mutex
	cond     *sync.Cond // the output shrank, a stream was let go, or the end
	streams  map[uint32]*Stream
	free     []*Stream // closed ones, to be used again
	held     int       // streams that our side did not close yet
	idle     time.Time // since when none is held
	total    uint32    // streams so far
	out      []byte    // to be written
	spare    []byte    // the other of two output buffers
	flushing bool
	waiting  int   // streams that wait for windows or for room
	err      error // the connection's end
	sendWin  int64 // of the connection
	initWin  int64 // the peer's initial window
	maxFrame int   // that the peer accepts
	gotData  bool
	credit   int  // received and not yet granted again
	extra    int  // granted to streams beyond Config.Window
	goAway   bool // we said that no stream is taken any more
	leaving  bool // the connection ends with its last stream
	peerMax  uint32
	peerExt  bool   // the peer takes extended CONNECT
	peerLast uint32 // client: the last stream that the server will answer
	gone     bool   // client: the server takes no more streams
	nextID   uint32
	acked    bool // the peer knows our settings
	settled  bool // the peer's first SETTINGS came
	glitches int

	dec     *hpack.Decoder
	in      []byte // input: small, or what big points to, or a buffer of an odd size
	r, w    int
	got     int // bytes of the last read
	big     *[minFrameSize + frameHeadLen]byte
	small   [512]byte
	lastID  uint32 // highest that the peer opened
	block   []byte // header block under way
	blockID uint32
	blockFl byte
	fresh   bool     // it begins a stream
	resets  []uint32 // streams that the peer reset lately
	contNum int
	head    head
}

// New returns a connection on wire; Serve or Start make it work.
func New(wire Wire, cfg Config) *Conn {
	if cfg.Window == 0 {
		cfg.Window = defaultWindow
	}
	cfg.FrameSize = max(cfg.FrameSize, minFrameSize)
	if cfg.TableSize == 0 {
		cfg.TableSize = 4096
	}
	if cfg.MaxHead == 0 {
		cfg.MaxHead = 15 << 10
	}
	if cfg.MaxHeaders == 0 {
		cfg.MaxHeaders = 101
	}
	if cfg.Go == nil {
		cfg.Go = func(f func()) { go f() }
	}
	if cfg.WriteEnd == nil {
		cfg.WriteEnd = func() time.Time { return time.Time{} }
	}
	c := &Conn{cfg: cfg, wire: wire, streams: map[uint32]*Stream{}, idle: time.Now(),
		sendWin: defaultWindow, initWin: defaultWindow, maxFrame: minFrameSize, peerMax: 100, nextID: 1, peerLast: maxWindow}
	c.cond = sync.NewCond(&c.mu)
	c.head.c = c
	c.dec = hpack.NewDecoder(cfg.TableSize, c.head.field)
	c.dec.SetAllowedMaxDynamicTableSize(cfg.TableSize)
	c.dec.SetMaxStringLength(2 * cfg.MaxHead)
	return c
}

// start queues what a connection begins with.
func (c *Conn) start() {
	c.mu.Lock()
	if c.cfg.Client {
		c.out = append(c.out, Preface...)
	}
	set := func(b []byte, id uint16, v uint32) []byte { return append32(append(b, byte(id>>8), byte(id)), v) }
	var b []byte
	if c.cfg.Client {
		b = set(b, setEnablePush, 0)
	} else if !c.cfg.NoExtConnect {
		b = set(b, setExtConnect, 1)
	}
	if c.cfg.TableSize != 4096 {
		b = set(b, setTableSize, c.cfg.TableSize)
	}
	if c.cfg.Window != defaultWindow {
		b = set(b, setWindow, c.cfg.Window)
	}
	if c.cfg.MaxStreams > 0 && !c.cfg.Client {
		b = set(b, setMaxStreams, c.cfg.MaxStreams)
	}
	if c.cfg.FrameSize != minFrameSize {
		b = set(b, setFrameSize, c.cfg.FrameSize)
	}
	c.out = appendFrameHead(c.out, len(b), frSettings, 0, 0)
	c.out = append(c.out, b...)
	c.credit = c.connWindow() - defaultWindow // granted with the first data
	c.flushLocked()
	c.mu.Unlock()
}

// connWindow is the connection's receive window: what its streams may hold.
func (c *Conn) connWindow() int {
	return max(defaultWindow, int(c.cfg.MaxStreams)*int(c.cfg.Window)+c.cfg.RxBuf)
}

// glitch counts an oddity of the peer. The lock is held.
func (c *Conn) glitch() {
	c.glitches++
	if c.cfg.Glitch != nil {
		c.cfg.Glitch()
	}
	switch n := c.cfg.Glitches; {
	case n <= 0:
	case c.glitches >= n:
		c.failLocked(EnhanceYourCalm)
	case c.glitches >= n*3/4:
		c.goAwayLocked()
	}
}

// Glitches returns how many oddities the peer showed.
func (c *Conn) Glitches() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.glitches
}

// GoAway asks the peer to open no more streams; the connection ends with its
// last one.
func (c *Conn) GoAway() {
	c.mu.Lock()
	c.goAwayLocked()
	c.leaving = true
	c.flushLocked()
	c.mu.Unlock()
}

func (c *Conn) goAwayLocked() {
	if c.goAway || c.err != nil {
		return
	}
	c.goAway = true
	c.queueGoAway(NoError)
}

func (c *Conn) queueGoAway(code Code) {
	c.out = appendFrameHead(c.out, 8, frGoAway, 0, 0)
	c.out = append32(append32(c.out, c.lastID), uint32(code))
}

// failLocked ends the connection for a fault of the peer.
func (c *Conn) failLocked(code Code) {
	if c.err != nil {
		return
	}
	if st := c.cfg.Stats; st != nil && code != NoError {
		st.ConnErrors.Add(1)
		st.GoawaySent.Add(1)
	}
	c.queueGoAway(code)
	c.end(&Error{Code: code})
	c.flushLocked()
}

// end makes err the connection's end and wakes all who wait.
func (c *Conn) end(err error) {
	if c.err != nil {
		return
	}
	c.err = err
	for _, s := range c.streams {
		s.fail(err)
	}
	c.cond.Broadcast()
}

// flushLocked makes sure that the output is written.
func (c *Conn) flushLocked() {
	if len(c.out) > 0 && !c.flushing {
		c.flushing = true
		c.cfg.Go(c.flush)
	}
}

// flush writes until nothing is left. It lets streams that are ready to answer
// go first, so that one write carries them all.
func (c *Conn) flush() {
	runtime.Gosched()
	c.mu.Lock()
	for len(c.out) > 0 {
		b := c.out
		c.out, c.spare = c.spare[:0], nil
		c.mu.Unlock()
		err := c.wire.Send(b, c.cfg.WriteEnd())
		c.mu.Lock()
		if cap(b) <= 2*outFlood {
			c.spare = b[:0]
		}
		if err != nil {
			c.out = nil
			c.end(err)
			break
		}
		c.wakeWriters()
	}
	if len(c.streams) == 0 { // idle connections keep no buffers
		c.out, c.spare = nil, nil
	}
	c.flushing = false
	c.cond.Broadcast()
	c.mu.Unlock()
}

// wakeWriters tells streams that wait for windows or for room to look again.
func (c *Conn) wakeWriters() {
	if c.waiting > 0 {
		for _, s := range c.streams {
			if s.waitOut {
				s.wakeWrite()
			}
		}
	}
	c.cond.Broadcast()
}

// settle waits, at the end, until all output is written and all streams are
// closed.
func (c *Conn) settle() {
	c.mu.Lock()
	c.flushLocked()
	for c.flushing {
		c.cond.Wait()
	}
	err := c.err
	c.mu.Unlock()
	if c.cfg.Close != nil {
		c.cfg.Close(err)
	}
	c.mu.Lock()
	for c.flushing || c.held > 0 {
		c.cond.Wait()
	}
	c.mu.Unlock()
}

// Streams returns how many streams our side holds.
func (c *Conn) Streams() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// Err returns the connection's end, nil while it lives.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
