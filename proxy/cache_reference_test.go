//go:build reference

package proxy

import (
	"os"
	"testing"
)

// TestCacheReference plays the tables of the cache on the haproxy binary that
// TANDEM_HAPROXY names; with TANDEM_REWRITE set it writes its answers down.
func TestCacheReference(t *testing.T) {
	t.Parallel()
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	playCaches(t, func(s *stage, t *testing.T, cfg string) { s.startReference(t, bin, cfg) }, os.Getenv("TANDEM_REWRITE") != "")
}
