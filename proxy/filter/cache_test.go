package filter

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/proxy/tx"
)

var cacheClock = time.Unix(1_700_000_000, 0)

// ask is a GET at a moment.
func ask(uri string, at time.Time, fields ...string) *tx.Tx {
	t := &tx.Tx{Now: at}
	t.Req.Method, t.Req.URI, t.Req.Version = []byte("GET"), []byte(uri), 11
	t.Req.AddString("host", "a")
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		t.Req.AddString(name, value)
	}
	return t
}

// answerTo lets the cache keep an answer of n bytes, in pieces; it returns
// false where the cache does not.
func answerTo(c *Cache, t *tx.Tx, n int, fields ...string) bool {
	t.Res = tx.Message{Status: 200, Reason: []byte("OK"), Version: 11, Framing: tx.ByLength, Length: uint64(n)}
	for _, f := range append([]string{"cache-control: max-age=100"}, fields...) {
		name, value, _ := strings.Cut(f, ": ")
		t.Res.AddString(name, value)
	}
	c.Store(t)
	s, ok := t.Cached.Storing.(*Storing)
	if !ok {
		return false
	}
	for n > 0 {
		k := min(n, 16<<10)
		s.Write(make([]byte, k))
		n -= k
	}
	s.Commit(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.o.complete
}

// fetched is an exchange through the cache: "hit", "kept" or "passed".
func fetched(c *Cache, uri string, n int, at time.Time, fields ...string) string {
	t := ask(uri, at)
	switch {
	case c.Use(t, true):
		c.Release(t.Cached.Hit.(*Object))
		return "hit"
	case answerTo(c, t, n, fields...):
		return "kept"
	}
	return "passed"
}

// found lists which of the URIs the cache has, without touching it.
func (c *Cache) found(uris ...string) string {
	var out []string
	for _, u := range uris {
		t := ask(u, cacheClock)
		kind := "-"
		if o := c.entries[keyOf(&t.Req)]; o != nil {
			if kind = "full"; o.hintOnly {
				kind = "hints"
			}
		}
		out = append(out, kind)
	}
	return strings.Join(out, " ")
}

// What was used longest ago gives way first.
func TestCacheEviction(t *testing.T) {
	t.Parallel()
	c := NewCache("c", CacheSettings{Size: 1 << 20, MaxObject: 300_000, MaxAge: 60})
	uris := []string{"/0", "/1", "/2", "/3", "/4"}
	for _, u := range uris[:4] { // 244 blocks each: four fit
		if got := fetched(c, u, 249_000, cacheClock); got != "kept" {
			t.Fatalf("%s: %s", u, got)
		}
	}
	if got := fetched(c, "/0", 0, cacheClock); got != "hit" {
		t.Fatalf("/0: %s", got)
	}
	fetched(c, "/4", 249_000, cacheClock)
	if diff := cmp.Diff("full - full full full", c.found(uris...)); diff != "" {
		t.Error(diff)
	}
	// One that is being sent does not; what grows takes the others.
	held := ask("/2", cacheClock)
	if !c.Use(held, true) {
		t.Fatal("/2 is not found")
	}
	for _, u := range []string{"/5", "/6", "/7"} {
		fetched(c, u, 249_000, cacheClock)
	}
	if diff := cmp.Diff("- - full - - full full full", c.found(append(uris, "/5", "/6", "/7")...)); diff != "" {
		t.Error(diff)
	}
	if c.used != 4*244 || c.hot != 244 {
		t.Errorf("%d blocks used, %d hot", c.used, c.hot)
	}
	c.Release(held.Cached.Hit.(*Object))
	if c.hot != 0 {
		t.Errorf("%d blocks stay hot", c.hot)
	}
}

// Entries leave their hints behind, as many as the ratio allows.
func TestCacheHintRatio(t *testing.T) {
	t.Parallel()
	c := NewCache("c", CacheSettings{Size: 1 << 20, MaxObject: 500_000, MaxAge: 60, Hints: true, HintRatio: 1})
	var uris []string
	for i := range 14 {
		uris = append(uris, fmt.Sprintf("/%d", i))
		fetched(c, uris[i], 400_000, cacheClock, "link: </a>; rel=preload")
	}
	if diff := cmp.Diff("- -"+strings.Repeat(" hints", 10)+" full full", c.found(uris...)); diff != "" {
		t.Error(diff)
	}
	if c.hinted != 10 {
		t.Errorf("%d blocks of hints", c.hinted)
	}
}

// What is over is fetched again, and its memory is given back.
func TestCacheExpiry(t *testing.T) {
	t.Parallel()
	c := NewCache("c", CacheSettings{Size: 1 << 20, MaxAge: 10})
	var got []string
	for _, s := range []int{0, 5, 9, 10, 11, 30} {
		got = append(got, fetched(c, "/", 100, cacheClock.Add(time.Duration(s)*time.Second)))
	}
	if diff := cmp.Diff("kept hit hit kept hit kept", strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
	if c.used != 1 {
		t.Errorf("%d blocks used", c.used)
	}
}

// A response that does not come to its end is never found.
func TestCacheAbort(t *testing.T) {
	t.Parallel()
	c := NewCache("c", CacheSettings{Size: 1 << 20, MaxObject: 5000, MaxAge: 10})
	first := ask("/", cacheClock)
	c.Use(first, true)
	first.Res = tx.Message{Status: 200, Framing: tx.Chunked}
	first.Res.AddString("etag", `"x"`)
	c.Store(first)
	s := first.Cached.Storing.(*Storing)
	s.Write(make([]byte, 1000))
	if got := fetched(c, "/", 10, cacheClock); got != "passed" {
		t.Errorf("while another comes: %s", got)
	}
	s.Write(make([]byte, 5000)) // beyond max-object-size
	s.Commit(nil)
	if c.used != 0 || c.hot != 0 || len(c.entries) != 0 {
		t.Errorf("%d blocks used, %d hot, %d entries", c.used, c.hot, len(c.entries))
	}
	if got := fetched(c, "/", 10, cacheClock); got != "kept" {
		t.Errorf("afterwards: %s", got)
	}
}

// Many at once never make it hold more than its size.
func TestCacheBound(t *testing.T) {
	t.Parallel()
	c := NewCache("c", CacheSettings{Size: 1 << 20, MaxObject: 200_000, MaxAge: 60, Variants: 3, Vary: true, Hints: true, HintRatio: 2})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 300 {
				now := cacheClock.Add(time.Duration(i) * time.Second)
				q := ask(fmt.Sprintf("/%d", (i*7+w)%40), now, fmt.Sprintf("referer: %d", i%5))
				if i%17 == 0 {
					q.Req.Method = []byte("POST")
				}
				if c.Use(q, true) {
					c.mu.Lock()
					if c.used > c.blocks || c.hot > c.used {
						t.Errorf("%d of %d blocks used, %d hot", c.used, c.blocks, c.hot)
					}
					c.mu.Unlock()
					c.Release(q.Cached.Hit.(*Object))
					continue
				}
				var extra []string
				if i%3 == 0 {
					extra = []string{"vary: referer", "link: <a>; rel=preload"}
				}
				answerTo(c, q, (i*1000+w)%150_000, extra...)
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, o := range c.entries {
		for ; o != nil; o = o.nextVariant {
			sum += o.blocks
		}
	}
	if c.used != sum || c.hot != 0 || c.used > c.blocks {
		t.Errorf("%d blocks used, entries have %d, %d hot, %d in all", c.used, sum, c.hot, c.blocks)
	}
}

func TestCacheShow(t *testing.T) {
	t.Parallel()
	c := NewCache("c1", CacheSettings{Size: 1 << 20, MaxAge: 60})
	for _, u := range []string{"/0", "/1"} {
		fetched(c, u, 2000, cacheClock)
	}
	var b bytes.Buffer
	c.Show(&b, cacheClock.Unix()+10)
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		_, rest, _ := strings.Cut(l, " ")
		lines = append(lines, rest)
	}
	lines[0] = lines[0][strings.Index(lines[0], ", "):]
	want := []string{", available blocks:1024)",
		"hash:2106646578 vary:0x0000000000000000000000000000000000000000 type:full size:2242 (3 blocks), refcount:0, expire:50",
		"hash:634076045 vary:0x0000000000000000000000000000000000000000 type:full size:2242 (3 blocks), refcount:0, expire:50"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}
