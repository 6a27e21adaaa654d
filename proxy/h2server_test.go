package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestH2Server sends requests of HTTP/1 clients to a server that speaks
// HTTP/2: this proxy itself, with a server of HTTP/1 behind it.
func TestH2Server(t *testing.T) {
	t.Parallel()
	origin, _ := h2Origin(t)
	inner := newStage("s1", origin)
	inner.openLog(t)
	inner.start(t, h2Config)
	outer := newStage("s1", inner.listens["fe"])
	outer.openLog(t)
	outer.start(t, strings.Replace(strings.Replace(h2Config, " proto h2", "", 1), `server s1 "${s1}"`, "http-reuse always\n    server s1 \"${s1}\" proto h2", 1))
	addr := outer.listens["fe"]
	for _, k := range []struct{ name, method, path, body, want string }{
		{"get", "GET", "/hdrs", "", "200 [] GET /hdrs " + addr + " TE=[] cl=0\nbody 0 <nil> trailer map[]\n"},
		{"head", "HEAD", "/hdrs", "", "200 [] "},
		{"post", "POST", "/hdrs", "abc", "200 [] POST /hdrs " + addr + " TE=[] cl=3\nbody 3 <nil> trailer map[]\n"},
		{"chunked", "POST", "/hdrs", "-abc", "200 [] POST /hdrs " + addr + " TE=[chunked] cl=-1\nbody 4 <nil> trailer map[]\n"},
		{"long", "POST", "/", strings.Repeat("x", 300000), "200 [] ok 300000\n"},
		{"long-chunked", "POST", "/", "-" + strings.Repeat("x", 300000), "200 [] ok 300001\n"},
		{"no-content", "GET", "/204", "", "204 [] "},
		{"no-length", "GET", "/chunk", "", "200 [chunked] part 0\npart 1\npart 2\n"},
		{"cut", "GET", "/cut", "", "200 [] short unexpected EOF"},
		{"close", "GET", "/close", "", "502 [] <html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			var body io.Reader
			switch {
			case strings.HasPrefix(k.body, "-"):
				body = io.MultiReader(strings.NewReader(k.body))
			case k.body != "":
				body = strings.NewReader(k.body)
			}
			req, err := http.NewRequest(k.method, "http://"+addr+k.path, body)
			if err != nil {
				t.Fatal(err)
			}
			tr := &http.Transport{DisableCompression: true}
			defer tr.CloseIdleConnections()
			res, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			got := fmt.Sprintf("%d %v %s", res.StatusCode, res.TransferEncoding, b)
			if err != nil {
				got += " " + err.Error()
			}
			if d := cmp.Diff(k.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
