package check

import (
	"strings"
	"testing"
	"testing/synctest"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
)

// TestUniqueID sends the backend's unique id with a check.
func TestUniqueID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Setup{}
		for _, l := range []string{"option httpchk", "http-check send meth GET uri / hdr id %[unique-id]"} {
			if err := apply(s, l); err != nil {
				t.Fatal(err)
			}
		}
		text, err := expr.ParseFmt("TEST-%[int(7)]")
		if err != nil {
			t.Fatal(err)
		}
		id, err := logformat.Compile(&keyword.Env{Diags: &diag.List{}, Scope: keyword.Backend}, text)
		if err != nil {
			t.Fatal(err)
		}
		f := &fake{answer: "HTTP/1.0 200 OK\r\n\r\n", got: make(chan string, 1)}
		p := &Probe{Server: testServer(nil), Dialer: f, UniqueID: id}
		if r := s.Method().Run(t.Context(), p); !r.OK {
			t.Errorf("%s %s", r.Status, r.Reason())
		}
		if got := <-f.got; !strings.Contains(got, "\r\nid: TEST-7\r\n") {
			t.Errorf("sent %q", got)
		}
	})
}
