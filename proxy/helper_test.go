package proxy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func want(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// until repeats a question until it is answered with want.
func until(t *testing.T, what, want string, ask func() string) {
	t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if last = ask(); last == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%s: got %q, want %q", what, last, want)
}
