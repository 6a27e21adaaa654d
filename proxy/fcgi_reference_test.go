//go:build reference

package proxy

import (
	"os"
	"testing"
)

// TestFCGIReference plays the cases on the haproxy binary that TANDEM_HAPROXY
// names, so that they are proven.
func TestFCGIReference(t *testing.T) {
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	playFCGI(t, func(t *testing.T, s *stage, cfg string) { s.startReference(t, bin, cfg) })
}

// TestSPOEReference asks an agent by that binary.
func TestSPOEReference(t *testing.T) {
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	playSPOE(t, func(t *testing.T, s *stage, cfg string) { s.startReference(t, bin, cfg) })
}
