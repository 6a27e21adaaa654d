package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// stock is the part that distributions ship in front of a tutorial's snippet.
const stock = `
global
    log "${log}" local2
    maxconn 4000
defaults
    mode http
    log global
    option httplog
    option dontlognull
    option http-server-close
    option forwardfor except 127.0.0.0/8
    option redispatch
    retries 3
    timeout http-request 10s
    timeout queue 1m
    timeout connect 10s
    timeout client 1m
    timeout server 1m
    timeout http-keep-alive 10s
    timeout check 10s
    maxconn 3000
`

// bulkGrowth is how much memory may grow while bodies of any size pass.
const bulkGrowth = 64 << 20

// bulkSize is the length of a body in bytes: TANDEM_BULK MB, 256 without.
func bulkSize(t *testing.T) int64 {
	n := 256
	if v := os.Getenv("TANDEM_BULK"); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	return int64(n) << 20
}

// zeros is an endless body that costs nothing.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestBulk passes bodies much larger than what memory may grow by, in both
// directions, with a known length and in chunks.
func TestBulk(t *testing.T) { // not parallel: other tests' memory would count
	size := bulkSize(t)
	for _, mode := range []string{"length", "chunked"} {
		t.Run(mode, func(t *testing.T) {
			s := newStage()
			s.vars["s1"] = bulkServer(t, mode == "chunked")
			s.openLog(t)
			s.start(t, stock+`
listen web
    bind "fd@${fe}"
    server s1 "${s1}"
`)
			grown := watchMemory(t)
			n := size
			if mode == "chunked" {
				n = -1
			}
			req, err := http.NewRequest("POST", "http://"+s.listens["fe"]+"/", io.LimitReader(zeros{}, size))
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = n
			req.Header.Set("X-Size", strconv.FormatInt(size, 10))
			res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * patience}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			want(t, "upload", fmt.Sprint(size), res.Header.Get("X-Received"))
			got, err := io.Copy(io.Discard, res.Body)
			if err != nil || got != size {
				t.Errorf("download: %d bytes of %d, %v", got, size, err)
			}
			heap, sys := grown()
			if heap > bulkGrowth || sys > bulkGrowth {
				t.Errorf("memory grew by %d MB, from the system %d MB", heap>>20, sys>>20)
			}
			t.Logf("heap +%d MB, from the system +%d MB", heap>>20, sys>>20)
		})
	}
}

// bulkServer reads a body, says how long it was, and sends as much.
func bulkServer(t *testing.T, chunked bool) string {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, bufio.NewReader(r.Body))
		size, _ := strconv.ParseInt(r.Header.Get("X-Size"), 10, 64)
		w.Header().Set("X-Received", fmt.Sprint(n))
		if !chunked {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		io.Copy(w, io.LimitReader(zeros{}, size))
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String()
}

// watchMemory looks at the process until the returned function asks by how
// much the heap and the memory taken from the system had grown at most.
func watchMemory(t *testing.T) func() (heap, sys int64) {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	var m0 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	var heap, sys atomic.Int64
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap.Store(max(heap.Load(), int64(m.HeapAlloc)-int64(m0.HeapAlloc)))
		sys.Store(max(sys.Load(), int64(m.Sys)-int64(m0.Sys)))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				look()
			}
		}
	}()
	return func() (int64, int64) {
		cancel()
		<-done
		look()
		return heap.Load(), sys.Load()
	}
}
