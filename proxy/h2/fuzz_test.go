package h2

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"
)

// fakeWire gives the reader some bytes, then the end, and keeps what is
// written.
type fakeWire struct {
	mu  sync.Mutex
	in  *bytes.Reader
	out bytes.Buffer
}

func (w *fakeWire) Recv(b []byte, _ time.Time) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.in.Read(b)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

func (w *fakeWire) Send(b []byte, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Write(b)
	return nil
}

func (w *fakeWire) Kick() {}

// FuzzH2 reads arbitrary bytes behind a good beginning, as a server and as a
// client. Nothing may panic or hang, no head may hold what HTTP/1 could not
// carry, and what is held stays within its bounds.
func FuzzH2(f *testing.F) {
	get := []byte{0, 0, 7, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 2, 'a', 'b'}
	f.Add(get)
	f.Add(append(append([]byte{}, get...), 0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8))
	f.Add([]byte{0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0, 0, 6, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x41, 1, 'a', 0, 0, 3, 0, 1, 0, 0, 0, 1, 'x', 'y', 'z'})
	f.Fuzz(func(t *testing.T, data []byte) {
		settings := []byte{0, 0, 0, frSettings, 0, 0, 0, 0, 0}
		w := &fakeWire{in: bytes.NewReader(append(append([]byte(Preface), settings...), data...))}
		var wg sync.WaitGroup
		var c *Conn
		c = New(w, Config{MaxStreams: 10, Window: 16384, RxBuf: 1 << 16, Accept: func(s *Stream) {
			if n := c.Streams(); n > 20 {
				t.Errorf("%d streams held", n)
			}
			m := &s.Head
			if bytes.ContainsAny(m.URI, "\r\n\x00 ") || len(m.Method) == 0 || len(m.URI) == 0 {
				t.Errorf("request line %q %q", m.Method, m.URI)
			}
			for _, h := range m.Fields {
				if bytes.ContainsAny(h.Value, "\r\n\x00") || !all(h.Name, func(c byte) bool { return token[c] }) || forbidden(&h) {
					t.Errorf("field %q: %q", h.Name, h.Value)
				}
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				n, _ := io.Copy(io.Discard, s)
				if s.hasLeft && s.err == nil && s.recvEnd && s.left != 0 {
					t.Errorf("%d bytes read, %d missing", n, s.left)
				}
				s.Close()
			}()
		}})
		_ = c.Serve(nil)
		wg.Wait()

		w = &fakeWire{in: bytes.NewReader(append(settings, data...))}
		c = New(w, Config{Client: true, MaxStreams: 10, Window: 16384})
		done := make(chan struct{})
		st := c.Open(10)
		go func() {
			m := newMessage("GET", "/")
			if st.Request(m, true) == nil {
				for st.ReadHead(m, time.Time{}) == nil && m.Status < 200 {
				}
				_, _ = io.Copy(io.Discard, st)
			}
			st.Close()
			close(done)
		}()
		c.Start(func(error) {})
		c.Ready()
		<-done
	})
}
