package filter

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/proxy/tx"
)

// message makes a message of "name: value" lines.
func message(lines ...string) *tx.Message {
	m := &tx.Message{Status: 200, Version: 11, Framing: tx.ByLength, Length: 300}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		m.AddString(name, value)
	}
	return m
}

func lines(m *tx.Message) (out []string) {
	for _, f := range m.Fields {
		out = append(out, string(f.Name)+": "+string(f.Value))
	}
	return out
}

func TestChoose(t *testing.T) {
	t.Parallel()
	both := []Algo{Gzip, Deflate}
	for _, x := range []struct {
		algos []Algo
		req   string // fields, by newlines
		want  Algo
	}{
		{both, "accept-encoding: gzip", Gzip},
		{both, "accept-encoding: GZIP", Gzip},
		{both, "accept-encoding: deflate, gzip", Deflate},
		{both, "accept-encoding: gzip;q=0.5, deflate", Deflate},
		{both, "accept-encoding: gzip ; q=0.8 , deflate;q=0.9", Deflate},
		{both, "accept-encoding: gzip;q=0.01,deflate;q=0.001", Gzip},
		{both, "accept-encoding: gzip,deflate;q=1.001", Gzip},
		{both, "accept-encoding: gzip;q=0", Off},
		{both, "accept-encoding: *", Deflate},
		{both, "accept-encoding: *;q=0, deflate", Deflate},
		{both, "accept-encoding: *;q=0.1, gzip;q=0", Deflate},
		{both, "accept-encoding: x-gzip, gzipx, identity", Off},
		{both, "accept-encoding: ", Off},
		{both, "", Off},
		{both, "accept-encoding: deflate\naccept-encoding: gzip", Deflate},
		{[]Algo{Identity}, "", Identity},
		{[]Algo{Identity, Gzip}, "accept-encoding: gzip", Gzip},
		{[]Algo{RawDeflate}, "accept-encoding: deflate", RawDeflate},
		{both, "accept-encoding: gzip\nuser-agent: Mozilla/4.0", Off},
		{both, "accept-encoding: gzip\nuser-agent: Mozilla/5.0", Gzip},
		{both, "accept-encoding: gzip\nuser-agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", Off},
		{both, "accept-encoding: gzip\nuser-agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", Gzip},
		{both, "accept-encoding: gzip\nuser-agent: Mozilla/4.0 (compatible; MSIE 7.0; x)", Gzip},
		{both, "accept-encoding: gzip\nuser-agent: Mozilla/4.0 (compatible; MSIE 10.0;)", Off},
	} {
		m := message()
		if x.req != "" {
			m = message(strings.Split(x.req, "\n")...)
		}
		z := (&Compression{Algos: x.algos}).Over(nil)
		if got := z.Choose(m); got != x.want {
			t.Errorf("%v %q: %v, want %v", x.algos, x.req, got, x.want)
		}
	}
	z := (&Compression{Algos: both, Offload: true}).Over(nil)
	m := message("accept-encoding: br, gzip", "accept: x")
	if z.Choose(m); len(m.Fields) != 1 {
		t.Errorf("offload left %q", lines(m))
	}
}

// TestWants holds which responses are compressed, and what becomes of heads.
func TestWants(t *testing.T) {
	t.Parallel()
	z := (&Compression{Algos: []Algo{Gzip}, Types: []string{"text/plain"}, MinRes: 10}).Over(nil)
	for _, x := range []struct{ in, want string }{
		{"content-type: text/plain\ncontent-length: 300", "content-type: text/plain\ntransfer-encoding: chunked\nvary: Accept-Encoding\ncontent-encoding: gzip"},
		{"content-type: TEXT/PLAIN; x=y", "content-type: TEXT/PLAIN; x=y\ntransfer-encoding: chunked\nvary: Accept-Encoding\ncontent-encoding: gzip"},
		{"content-type: text/plain\netag: \"a\"\nvary: a\nvary: b", "content-type: text/plain\netag: W/\"a\"\nvary: a\nvary: b,Accept-Encoding\ntransfer-encoding: chunked\ncontent-encoding: gzip"},
		{"content-type: text/plain\netag: W/\"a\"\nvary: x, accept-encoding", "content-type: text/plain\netag: W/\"a\"\nvary: x, accept-encoding\ntransfer-encoding: chunked\ncontent-encoding: gzip"},
		{"content-type: text/plain\nvary: ", "content-type: text/plain\nvary: Accept-Encoding\ntransfer-encoding: chunked\ncontent-encoding: gzip"},
		{"content-type: text/plain\ncache-control: no-transformer", "content-type: text/plain\ncache-control: no-transformer\ntransfer-encoding: chunked\nvary: Accept-Encoding\ncontent-encoding: gzip"},
		{"content-type: text/html", ""},
		{"x: no type", ""},
		{"content-type: multipart/x", ""},
		{"content-type: text/plain\ncontent-encoding: identity", ""},
		{"content-type: text/plain\ncache-control: public, No-Transform", ""},
		{"content-type: text/plain\netag: a", ""},
		{"content-type: text/plain\netag: \"a\"\netag: \"b\"", ""},
	} {
		m := message(strings.Split(x.in, "\n")...)
		if z.WantsResponse(m, 300, true) != (x.want != "") {
			t.Errorf("%q: compressed: %v", x.in, x.want == "")
			continue
		}
		if x.want != "" {
			Mark(m, Gzip, true)
			if d := cmp.Diff(strings.Split(x.want, "\n"), lines(m)); d != "" {
				t.Errorf("%q (-want +got)\n%s", x.in, d)
			}
		}
	}
	for _, change := range []func(*tx.Message){
		func(m *tx.Message) { m.Status = 206 },
		func(m *tx.Message) { m.Version = 10 },
		func(m *tx.Message) { m.Framing = tx.UntilClose },
		func(m *tx.Message) { m.Length = 0 },
	} {
		m := message("content-type: text/plain")
		if change(m); z.WantsResponse(m, m.Length, true) {
			t.Errorf("compressed: %+v", m)
		}
	}
	if m := message("content-type: text/plain"); z.WantsResponse(m, 9, true) || !z.WantsResponse(m, 9, false) {
		t.Error("minsize is of whole bodies")
	}
}

// TestOver holds how a frontend's lines and a backend's come together.
func TestOver(t *testing.T) {
	t.Parallel()
	fe := &Compression{Algos: []Algo{Gzip}, Types: []string{"a/b"}, MinRes: 5}
	be := &Compression{Algos: []Algo{Deflate}, ReqAlgo: Gzip}
	want := &Compression{Algos: []Algo{Deflate}, ReqAlgo: Gzip, Types: []string{"a/b"}, MinRes: 5, Response: true}
	if d := cmp.Diff(want, fe.Over(be)); d != "" {
		t.Error(d)
	}
	var none *Compression
	if none.Over(nil) != nil || none.Over(&Compression{Types: []string{"a/b"}}) != nil {
		t.Error("nothing to do is nil")
	}
}

// TestCompressor holds that bodies can be decompressed, that a flush lets all
// of what came so far be read, and that compressors can be used again.
func TestCompressor(t *testing.T) {
	t.Parallel()
	for a, open := range map[Algo]func(io.Reader) (io.Reader, error){
		Identity:   func(r io.Reader) (io.Reader, error) { return r, nil },
		Gzip:       func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		Deflate:    func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		RawDeflate: func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
	} {
		for range 3 {
			c := NewCompressor(a, 1)
			if c.Algo() != a || len(c.Out) != 0 {
				t.Fatalf("%v: not fresh: %v %d", a, c.Algo(), len(c.Out))
			}
			c.Write([]byte("first "))
			c.Flush()
			r, err := open(bytes.NewReader(c.Out))
			if err != nil {
				t.Fatal(a, err)
			}
			part := make([]byte, 6)
			if _, err := io.ReadFull(r, part); err != nil || string(part) != "first " {
				t.Errorf("%v: flushed %q, %v", a, part, err)
			}
			c.Write([]byte("second"))
			c.Close()
			if r, err = open(bytes.NewReader(c.Out)); err != nil {
				t.Fatal(a, err)
			}
			if all, err := io.ReadAll(r); err != nil || string(all) != "first second" {
				t.Errorf("%v: %q, %v", a, all, err)
			}
			c.Free()
		}
	}
}
